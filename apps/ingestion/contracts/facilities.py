"""A facility as a file states it: the agreement, and its parts (DEFINITIONS, section 1)."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from apps.ingestion.contracts.fields import (
    Amount,
    AmountNotNegative,
    Boolean,
    Currency,
    Date,
    Days,
    Identifier,
    Number,
    Rate,
    Row,
    Share,
    Text,
    Word,
    fault,
)

DAY_COUNTS = Literal["ACT/360", "ACT/365F", "30/360", "30E/360", "ACT/ACT ISDA"]


class Fee(Row):
    """A fee of the agreement: a rate a year or an amount, from a day or a share drawn on."""

    kind: Literal[
        "COMMITMENT", "TICKING", "UTILISATION", "FACILITY", "LETTER_OF_CREDIT", "FRONTING",
        "UPFRONT", "AGENCY", "AMENDMENT", "EXIT",
    ]  # fmt: skip
    rate: Rate | None = None
    amount: Amount | None = None
    above: Share | None = None
    starts: Date | None = None
    ends: Date | None = None
    day_count: DAY_COUNTS | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.rate is None) == (self.amount is None):
            raise fault("CONFLICT", "either a rate or an amount", "rate")
        if self.above is not None and self.kind != "UTILISATION":
            raise fault("CONFLICT", "above on a UTILISATION fee alone", "above")
        if self.starts and self.ends and self.ends < self.starts:
            raise fault("DATE_ORDER", "a day not before starts", "ends")
        return self


class MarginStep(Row):
    """A margin while a test (leverage, a rating's rank, the share drawn) is above a number."""

    above: Number
    margin: Rate


class RateOption(Row):
    """An interest rate that the borrower may elect."""

    code: Identifier
    index: Word | None = None
    rate: Rate | None = None
    margin: Rate | None = None
    margin_test: Word | None = None
    margin_grid: Annotated[tuple[MarginStep, ...], Field(max_length=20)] | None = None
    floor: Rate | None = None
    day_count: DAY_COUNTS | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.index is None) == (self.rate is None):
            raise fault("CONFLICT", "either an index or a rate", "index")
        if self.index is not None and (self.margin is None) == (self.margin_grid is None):
            raise fault("CONFLICT", "either a margin or a margin_grid", "margin")
        for low, high in pairwise(self.margin_grid or ()):
            if float(high.above) <= float(low.above):
                raise fault("CONFLICT", "steps in rising order", "margin_grid")
        return self


class Election(Row):
    """What the borrower has elected: an amount under a rate option for a period."""

    option: Identifier
    amount: AmountNotNegative
    starts: Date
    ends: Date

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.ends <= self.starts:
            raise fault("DATE_ORDER", "a day after starts", "ends")
        return self


class BorrowingBase(Row):
    """What collateral lets be drawn: the amount of the last certificate."""

    amount: AmountNotNegative
    as_of: Date
    advance_rate: Share | None = None


class InterestReserve(Row):
    """Money set aside for interest."""

    amount: AmountNotNegative
    remaining: AmountNotNegative | None = None
    ends: Date | None = None


class Penalty(Row):
    """A share of what is prepaid, paid on top before a day."""

    until: Date
    share: Share


class Prepayment(Row):
    """What prepaying costs."""

    lock_out_until: Date | None = None
    penalties: Annotated[tuple[Penalty, ...], Field(max_length=50)] | None = None
    make_whole_spread: Rate | None = None
    yield_maintenance: Boolean | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for before, after in pairwise(self.penalties or ()):
            if after.until <= before.until:
                raise fault("DATE_ORDER", "days in order", "penalties")
        return self


class ExtensionOption(Row):
    """A later maturity at the borrower's choice."""

    maturity_date: Date
    fee: Rate | None = None
    notice_days: Days | None = None


class Covenant(Row):
    """A test that the obligor must pass."""

    kind: Word
    operator: Literal["MIN", "MAX"]
    threshold: Number
    tested: Literal["MONTHLY", "QUARTERLY", "SEMIANNUAL", "ANNUAL", "INCURRENCE"] | None = None


class FacilityRow(Row):
    """A facility; amounts are those of our commitment, but `total_facility_amount` of all lenders.

    A sublimit names the facility it is part of as its `parent`.
    """

    code: Identifier
    name: Text | None = None
    obligor: Identifier
    kind: Literal[
        "TERM", "REVOLVER", "DELAYED_DRAW", "LC", "GUARANTEE", "SWINGLINE", "OVERDRAFT"
    ]  # fmt: skip
    parent: Identifier | None = None
    currency: Currency
    commitment: AmountNotNegative
    total_facility_amount: AmountNotNegative | None = None
    agreement_date: Date | None = None
    effective_date: Date | None = None
    availability_end: Date | None = None
    maturity_date: Date | None = None
    unconditionally_cancellable: Boolean | None = None
    seniority: Literal["SENIOR_SECURED", "SENIOR", "SUBORDINATED", "JUNIOR"] | None = None
    secured: Boolean | None = None
    fees: Annotated[tuple[Fee, ...], Field(max_length=50)] | None = None
    rate_options: Annotated[tuple[RateOption, ...], Field(max_length=20)] | None = None
    elections: Annotated[tuple[Election, ...], Field(max_length=200)] | None = None
    borrowing_base: BorrowingBase | None = None
    interest_reserve: InterestReserve | None = None
    prepayment: Prepayment | None = None
    extension_options: Annotated[tuple[ExtensionOption, ...], Field(max_length=10)] | None = None
    covenants: Annotated[tuple[Covenant, ...], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.parent == self.code:
            raise fault("CYCLE", "a parent other than the facility itself", "parent")
        whole = self.total_facility_amount
        if whole is not None and float(whole) < float(self.commitment):
            raise fault("CONFLICT", "an amount not below the commitment", "total_facility_amount")
        dated = ("agreement_date", "effective_date", "availability_end", "maturity_date")
        given = [(day, name) for name in dated if (day := getattr(self, name)) is not None]
        for (before, earlier), (day, name) in pairwise(given):
            if day < before:
                raise fault("DATE_ORDER", f"a day not before {earlier}", name)
        options = [option.code for option in self.rate_options or ()]
        if len(set(options)) < len(options):
            raise fault("DUPLICATE", "each option once", "rate_options")
        for election in self.elections or ():
            if election.option not in options:
                raise fault("REFERENCE", "an option of rate_options", "elections")
        return self

    def content(self) -> dict[str, Any]:
        """Return what is present, parts as plain objects and lists: what is hashed and stored."""
        return {name: _plain(value) for name, value in self.present().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Row):
        return {name: _plain(item) for name, item in value.present().items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
