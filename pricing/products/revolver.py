"""REVOLVER: a commitment that may be drawn, repaid and drawn again until it ends.

docs/methods/revolver.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pricing.batch import Names
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.committed import (
    CCF_LETTERS,
    COLUMNS,
    CommittedState,
    CommittedTerms,
    check_drawn,
    contract_row,
    stepped,
)
from pricing.products.fields import declared
from pricing.products.rows import Packed, Row
from pricing.products.rows import pack as pack_rows

PRODUCT_TYPE = "REVOLVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevolverTerms(CommittedTerms):
    """What a revolving credit agreement says; amounts are those of the whole facility."""

    commitment_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[date, commitment], ...]: from the period that begins on the date on", None,
        low=0.0,
    )  # fmt: skip
    letter_of_credit_sublimit: float | None = declared(
        "amount", "letters of credit at most; absent: the commitment", None, low=0.0
    )
    letter_of_credit_kind: str = declared(
        "choice", "what the letters stand for, which decides their conversion factor", "FINANCIAL",
        choices=tuple(CCF_LETTERS),
    )  # fmt: skip
    swingline_sublimit: float | None = declared(
        "amount", "same-day loans at most; absent: the commitment", None, low=0.0
    )


@dataclass(frozen=True, slots=True)
class RevolverState(CommittedState):
    """What is true of our part of the facility tonight; amounts are our share."""

    letters_of_credit: float = declared(
        "amount", "letters of credit outstanding, part of the undrawn", 0.0, low=0.0
    )
    swingline: float = declared("amount", "same-day loans, part of what is drawn", 0.0, low=0.0)
    borrowing_base: float | None = declared(
        "amount", "what collateral lets be drawn at most, letters of credit included", None, low=0.0
    )


def read(position: PositionInput) -> tuple[RevolverTerms, RevolverState]:
    """Return typed terms and state; raise Refused where they are no revolver."""
    terms = fields.read(RevolverTerms, position.terms, "terms")
    state = fields.read(RevolverState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of revolvers, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    row = contract_row(terms, state, names)
    steps = terms.commitment_steps or ()
    row.update(stepped(terms.commitment_steps, row, "commitment", "terms.commitment_steps"))
    most = max([terms.commitment, *(amount for _, amount in steps)])
    drawn, share = float(row["drawn"]), state.share_of_facility
    check_drawn(drawn, state.undrawn, most, share)
    letters = state.letters_of_credit
    _check_sublimit("letter_of_credit_sublimit", terms.letter_of_credit_sublimit, terms.commitment)
    _check_sublimit("swingline_sublimit", terms.swingline_sublimit, terms.commitment)
    _check_part("letters_of_credit", letters, terms.letter_of_credit_sublimit, share)
    _check_part("swingline", state.swingline, terms.swingline_sublimit, share)
    if state.swingline > drawn:
        raise Refused("AMOUNT_OUT_OF_RANGE", "state.swingline: is more than is drawn")
    undrawn = most * share - drawn if state.undrawn is None else state.undrawn
    if letters > undrawn + most * share * 1e-9:
        raise Refused("AMOUNT_OUT_OF_RANGE", "state.letters_of_credit: is more than is undrawn")
    row.update(letters=letters, ccf_letters=CCF_LETTERS[terms.letter_of_credit_kind])
    if state.borrowing_base is not None:
        row["available"] = state.borrowing_base
    return row


def _check_sublimit(name: str, sublimit: float | None, commitment: float) -> None:
    if sublimit is not None and sublimit > commitment:
        raise Refused("AMOUNT_OUT_OF_RANGE", f"terms.{name}: is above the commitment")


def _check_part(name: str, amount: float, sublimit: float | None, share: float) -> None:
    if sublimit is not None and amount > sublimit * share * (1.0 + 1e-9):
        raise Refused("AMOUNT_OUT_OF_RANGE", f"state.{name}: is above our share of its sublimit")
