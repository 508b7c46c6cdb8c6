"""DELAYED_DRAW: a term loan that may be drawn until a day, and not drawn again once repaid.

docs/methods/revolver.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from pricing.batch import Names
from pricing.dates import date_of
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.bond_plan import due_days
from pricing.products.committed import (
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

PRODUCT_TYPE = "DELAYED_DRAW"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayedDrawTerms(CommittedTerms):
    """What a delayed draw agreement says; amounts are those of the whole facility."""

    availability_end: int = declared(
        "date", "when what is undrawn lapses: the beginning of a period, or the maturity"
    )
    draws: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[date, amount], ...] that will be drawn, each as a period begins; in place of a "
        "utilisation", None, low=0.0,
    )  # fmt: skip
    amortisation_rate: float = declared(
        "rate", "share a year of the drawn that is repaid once drawing has ended", 0.0, low=0.0
    )


@dataclass(frozen=True, slots=True)
class DelayedDrawState(CommittedState):
    """What is true of our part of the facility tonight; amounts are our share."""


def read(position: PositionInput) -> tuple[DelayedDrawTerms, DelayedDrawState]:
    """Return typed terms and state; raise Refused where they are no delayed draw."""
    terms = fields.read(DelayedDrawTerms, position.terms, "terms")
    state = fields.read(DelayedDrawState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of delayed draws, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    row = contract_row(terms, state, names)
    check_drawn(float(row["drawn"]), state.undrawn, terms.commitment, state.share_of_facility)
    path = terms.utilisation
    for index, (before, after) in enumerate(pairwise((path and path.levels) or ())):
        if after < before:
            raise Refused(
                "TERMS_INVALID",
                f"terms.utilisation.levels[{index + 1}]: what is repaid cannot be drawn again",
            )
    row["draw_end"] = _drawing_ends(terms, row)
    row["repaid_a_year"] = terms.amortisation_rate
    if terms.draws is not None:
        if path is not None:
            raise Refused("TERMS_INVALID", "terms.draws: go without a utilisation")
        row.update(stepped(terms.draws, row, "draw", "terms.draws"))
        if row["draw_payment"][-1] >= row["draw_end"]:
            raise Refused("BAD_DATES", "terms.draws: the last one is not before availability_end")
        row["draw_value"] = list(accumulate(row["draw_value"]))
        if row["draw_value"][-1] > terms.commitment * (1.0 + 1e-9):
            raise Refused("AMOUNT_OUT_OF_RANGE", "terms.draws: add up to more than the commitment")
    return row


def _drawing_ends(terms: DelayedDrawTerms, row: Row) -> int:
    """Return the number of the first payment in whose period nothing can be drawn."""
    begins = due_days(row)
    if terms.availability_end not in begins:
        raise Refused(
            "SCHEDULE_INVALID",
            f"terms.availability_end: no period begins on {date_of(terms.availability_end)}",
        )
    return begins.index(terms.availability_end)
