"""How much of commitments is drawn, period by period, in every market state.

Every operation is elementwise over (flows, states): a row's bits depend on no other row. The
formulas are in docs/methods/revolver.md.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.pricers.placing import Placed
from pricing.pricers.stepped import Stepped
from pricing.products.utilisation import KINDS
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

TODAY, CONSTANT, VECTOR, CREDIT = range(len(KINDS))
ABOVE_COMMITMENT = Failure(
    "AMOUNT_OUT_OF_RANGE", "state.outstanding_principal: is above the commitment of the day"
)


@dataclass(frozen=True, slots=True)
class Facilities:
    """Commitments with payments left, columns (rows,): `rows` are places in the batch.

    Amounts are our share. `commitment` and `outstanding` are tonight's, `performing` what of the
    outstanding is not past due and so projected; `scale` is our share of the facility.
    """

    rows: IntpArray
    schedule: Schedule
    remaining: Remaining
    commitment: FloatArray
    outstanding: FloatArray
    performing: FloatArray
    letters: FloatArray
    scale: FloatArray

    @staticmethod
    def alive(
        batch: Batch, rows: IntpArray, states: States
    ) -> tuple[Facilities, IntpArray, IntpArray]:
        """Return the facilities with payments left, the rows that have none, and the overdrawn."""
        whole = Schedule.of(batch).take(rows)
        first = whole.first_paid_after(states.day, states.inclusive)
        living = np.flatnonzero(first < whole.payments)
        left, schedule, begin = rows[living], whole.take(living), first[living]
        limit = Stepped.of(batch, "commitment", batch.floats("commitment")[left], left).at(begin)
        drawn = batch.floats("drawn")[left]
        held = drawn + batch.floats("undrawn")[left]
        known = batch.column("undrawn_known")[left] == 1
        safe = np.where(limit == 0.0, 1.0, limit)
        scale = np.where(
            known, np.where(limit == 0.0, 0.0, held / safe), batch.floats("share")[left]
        )
        commitment = np.where(known, held, scale * limit)
        lapsed = begin >= batch.integers("draw_end")[left]
        commitment = np.where(lapsed, drawn, commitment)
        over = drawn > commitment * (1.0 + 1e-9)
        found = Facilities(
            left,
            schedule,
            Remaining.of(schedule, begin),
            commitment,
            drawn,
            drawn - batch.floats("past_due_principal")[left],
            np.minimum(batch.floats("letters")[left], np.maximum(commitment - drawn, 0.0)),
            scale,
        )
        return found.take(np.flatnonzero(~over)), rows[first >= whole.payments], left[over]

    def take(self, index: IntpArray) -> Facilities:
        """Return the given rows."""
        parts = {}
        for f in fields(self):
            column = getattr(self, f.name)
            whole = isinstance(column, Schedule | Remaining)
            parts[f.name] = column.take(index) if whole else column[index]
        return Facilities(**parts)


@dataclass(frozen=True, slots=True)
class Path:
    """What is committed, drawn and undrawn in the period of each flow, (flows, states)."""

    commitment: FloatArray
    drawn: FloatArray
    undrawn: FloatArray
    letters: FloatArray

    def repaid(self, last: IntArray) -> FloatArray:
        """Return the principal paid with each flow, negative where more is drawn.

        `last` are the places of the rows' last flows, with which all that is drawn is repaid.
        """
        following = np.zeros_like(self.drawn)
        following[:-1] = self.drawn[1:]
        following[last] = 0.0
        return self.drawn - following


def path(batch: Batch, held: Facilities, placed: Placed, widening: FloatArray) -> Path:
    """Return the path of each row, given its spread's `widening` over the base (rows, states).

    In the current period tonight's drawing stands. Later it is the path's share of the
    commitment, within what is available beside letters of credit and past-due principal.
    """
    rows, owner = held.rows, placed.owner
    first = held.remaining.first
    later = (placed.payment - first[owner])[:, None]
    limit = Stepped.of(batch, "commitment", batch.floats("commitment")[rows], rows)
    committed = (limit.over(first, placed.offsets) * held.scale[owner])[:, None]
    committed = np.where(later == 0, held.commitment[owner][:, None], committed)
    letters = np.minimum(held.letters[owner][:, None], committed)
    overdue = (held.outstanding - held.performing)[owner][:, None]

    share = _share(batch, held, placed, widening)
    target = share * committed - overdue
    planned = _planned(batch, held, placed)
    if planned is not None:
        target = np.where(planned >= 0.0, held.performing[owner][:, None] + planned, target)
    room = np.minimum(committed, batch.floats("available")[rows][owner][:, None])
    room = np.maximum(room - letters - overdue, 0.0)
    drawn = np.clip(target, 0.0, room)
    drawn = np.where(later == 0, held.performing[owner][:, None], drawn)
    return _once_only(batch, held, placed, committed, drawn, letters, overdue)


def _share(batch: Batch, held: Facilities, placed: Placed, widening: FloatArray) -> FloatArray:
    """Return the share of the commitment that the path says is drawn, (flows, states)."""
    rows, owner = held.rows, placed.owner
    kind = batch.column("path")[rows]
    safe = np.where(held.commitment == 0.0, 1.0, held.commitment)
    tonight = held.outstanding / safe
    level = batch.floats("path_level")[rows]
    level = np.where(batch.column("path_known")[rows] == 1, level, tonight)
    share = level[owner]
    if (kind == VECTOR).any():
        levels = batch.ragged("path_levels").take(rows)
        begin, length = levels.offsets[:-1].astype(np.int64), np.diff(levels.offsets)
        at = np.clip(placed.payment - held.remaining.first[owner] - 1, 0, length[owner] - 1)
        place = np.maximum(begin[owner] + at, 0)
        read = levels.values.astype(np.float64).take(place, mode="clip")
        share = np.where(kind[owner] == VECTOR, read, share)
    if not (kind == CREDIT).any():
        return np.asarray(share[:, None])
    width = batch.floats("path_widening")[rows]
    width = np.where(width == 0.0, 1.0, width)
    stress = np.clip(widening / width[:, None], -1.0, 1.0)
    reach = batch.floats("path_leq")[rows] * (1.0 - level)
    moved = share[:, None] + (reach[:, None] * stress)[owner]
    return np.clip(moved, 0.0, 1.0)


def _planned(batch: Batch, held: Facilities, placed: Placed) -> FloatArray | None:
    """Return what is drawn by plan after tonight (flows, 1), -1 where there is no plan."""
    rows = held.rows
    plan = Stepped.of(batch, "draw", np.zeros(len(rows)), rows)
    if not plan.any:
        return None
    first = held.remaining.first
    more = plan.over(first, placed.offsets) - plan.at(first)[placed.owner]
    return np.where(plan.has()[placed.owner], more * held.scale[placed.owner], -1.0)[:, None]


def _once_only(
    batch: Batch,
    held: Facilities,
    placed: Placed,
    committed: FloatArray,
    drawn: FloatArray,
    letters: FloatArray,
    overdue: FloatArray,
) -> Path:
    """Return the path where drawing ends: what is drawn then stays, the rest lapses."""
    owner, first = placed.owner, held.remaining.first
    ends = batch.integers("draw_end")[held.rows]
    once = ends[owner] <= held.schedule.payments[owner]
    if once.any():
        performing = held.performing[owner][:, None]
        drawn = np.where(once[:, None], np.maximum(drawn, performing), drawn)
        last = np.maximum(np.minimum(placed.payment, (ends - 1)[owner]), first[owner])
        source = placed.offsets[:-1].astype(np.int64)[owner] + last - first[owner]
        passed = np.maximum(placed.payment - np.maximum(ends, first)[owner], 0)
        rate = batch.floats("repaid_a_year")[held.rows] * (held.schedule.months / 12.0)
        kept = np.maximum(1.0 - rate[owner] * passed, 0.0)
        over = placed.payment >= ends[owner]
        drawn = np.where(once[:, None], drawn[source] * kept[:, None], drawn)
        committed = np.where((once & over)[:, None], drawn + overdue, committed)
    undrawn = np.maximum(committed - drawn - overdue, 0.0)
    return Path(committed, drawn, undrawn, np.minimum(letters, undrawn))
