"""Fees of commitments, flow by flow: formulas in docs/methods/revolver.md."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.pricers.drawings import Facilities, Path
from pricing.pricers.placing import Placed
from pricing.pricers.stepped import Stepped

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def fractions(
    batch: Batch, held: Facilities, placed: Placed, until: IntArray | None = None
) -> FloatArray:
    """Return the year fraction of each flow's period on the day count of fees.

    Of its part up to the day `until` (flows,) where that is given.
    """
    schedule = held.schedule
    basis = batch.integers("fee_basis")[held.rows]
    if until is None and (basis == schedule.basis).all():
        return placed.fraction
    by_flow = replace(schedule, basis=basis).take(placed.owner)
    begin, end = by_flow.accrual(placed.payment - 1), by_flow.accrual(placed.payment)
    if until is not None:
        end = np.clip(until, begin, end)
    return by_flow.fraction(placed.payment, begin, end)


def rates(batch: Batch, held: Facilities, placed: Placed, along: Path) -> FloatArray:
    """Return what all fees of a flow earn a year (flows, states)."""
    rows, owner = held.rows, placed.owner

    def fee(name: str) -> FloatArray:
        return batch.floats(name)[rows][owner][:, None]

    on_undrawn = batch.column("fee_on_undrawn")[rows][owner][:, None] == 1
    unused = np.where(on_undrawn, along.undrawn, along.undrawn - along.letters)
    ticking = Stepped.of(batch, "ticking", batch.floats("fee_ticking")[rows], rows)
    tick = ticking.over(held.remaining.first, placed.offsets)[:, None]
    earned = unused * fee("fee_commitment")
    earned = earned + along.undrawn * tick
    earned = earned + along.letters * fee("fee_letters")
    earned = earned + along.commitment * fee("fee_facility")
    return earned + along.drawn * _by_use(batch, held, placed, along)


def _by_use(batch: Batch, held: Facilities, placed: Placed, along: Path) -> FloatArray:
    """Return the utilisation fee on the drawn: that of the highest threshold exceeded."""
    above, rate = (batch.ragged(name).take(held.rows) for name in ("tier_above", "tier_rate"))
    count = np.diff(above.offsets)
    found = np.zeros_like(along.drawn)
    safe = np.where(along.commitment == 0.0, 1.0, along.commitment)
    used = along.drawn / safe
    begin = above.offsets[:-1].astype(np.int64)
    for tier in range(int(count.max(initial=0))):
        has = (count > tier)[placed.owner][:, None]
        place = (begin + tier)[placed.owner]
        low = above.values.astype(np.float64).take(place, mode="clip")[:, None]
        fee = rate.values.astype(np.float64).take(place, mode="clip")[:, None]
        found = np.where(has & (used > low), fee, found)
    return found
