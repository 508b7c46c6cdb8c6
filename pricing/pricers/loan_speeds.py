"""Shares of a loan's balance that are prepaid or default in a period, payment by payment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch, Ragged
from pricing.pricers.loan_standing import MOST, PSA_CPR, PSA_RAMP_MONTHS
from pricing.products.loan_default import DEFAULTS
from pricing.products.loan_prepayment import PREPAYMENTS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

_Annual = Callable[[IntpArray, IntArray], FloatArray]

CPR, SMM, PSA, ABS, S_CURVE = (
    PREPAYMENTS.index(kind) for kind in ("CPR", "SMM", "PSA", "ABS", "S_CURVE")
)
CDR, MDR, SDA = (DEFAULTS.index(kind) for kind in ("CDR", "MDR", "SDA"))
SDA_PEAK, SDA_FLOOR = 0.006, 0.0003
"""100% SDA: CDR up to 0.6% at 30 months, level to 60, down to 0.03% at 120."""


@dataclass(frozen=True, slots=True)
class Ages:
    """The payments of a chunk, columns (flows,): the loan's row, number of the payment, months.

    `ahead` counts payments from the next one.
    """

    owner: IntpArray
    payment: IntArray
    ahead: IntArray
    months: IntArray


def prepaid(batch: Batch, rows: IntpArray, ages: Ages, due: IntArray, scale: float) -> FloatArray:
    """Return the share of the balance prepaid with each payment; 0 under an S-curve.

    `due` are the days payments are due, `scale` multiplies the speeds of the terms.
    """
    kind = batch.column("prepayment")[rows][ages.owner]
    speed = _speeds(batch, rows, ages, "prepayment") * scale
    out = np.zeros(len(kind))
    at = np.flatnonzero(kind == CPR)
    out[at] = _in_period(speed[at], ages.months[at])
    at = np.flatnonzero(kind == SMM)
    out[at] = -np.expm1(np.log1p(-np.minimum(speed[at], MOST)) * ages.months[at])
    at = np.flatnonzero(kind == PSA)
    out[at] = _monthly(at, ages, lambda places, month: speed[places] * _psa(month))
    at = np.flatnonzero(kind == ABS)
    out[at] = _absolute(speed[at], ages.payment[at] * ages.months[at], ages.months[at])
    locked = due < batch.integers("lock_out")[rows][ages.owner]
    out[locked] = 0.0
    return out


def defaulting(batch: Batch, rows: IntpArray, ages: Ages, left: IntArray) -> FloatArray:
    """Return the share of the balance that defaults with each payment.

    None does in the last payments, of which there are fewer than the recovery lag or one: what
    defaulted then would come in after the loan's end (SIFMA Standard Formulas, SF-22). `left` is
    how many payments follow.
    """
    kind = batch.column("default")[rows][ages.owner]
    speed = _speeds(batch, rows, ages, "default")
    out = np.zeros(len(kind))
    at = np.flatnonzero(kind == CDR)
    out[at] = _in_period(speed[at], ages.months[at])
    at = np.flatnonzero(kind == MDR)
    out[at] = -np.expm1(np.log1p(-np.minimum(speed[at], MOST)) * ages.months[at])
    at = np.flatnonzero(kind == SDA)
    out[at] = _monthly(at, ages, lambda places, month: speed[places] * _sda(month))
    lag = np.maximum(batch.integers("recovery_lag")[rows], 1)[ages.owner]
    out[left < lag] = 0.0
    return out


def penalties(batch: Batch, rows: IntpArray, owner: IntpArray, due: IntArray) -> FloatArray:
    """Return the share of what is prepaid that is paid on top with each payment."""
    until = batch.ragged("penalty_until")
    out = np.zeros(len(owner))
    if not len(until.values):
        return out
    days, shares = until.take(rows), batch.ragged("penalty_rate").take(rows)
    count = np.diff(days.offsets)
    # The last step whose day is after the payment's is overwritten by the first such one.
    for step in range(int(count.max(initial=0)) - 1, -1, -1):
        has = np.flatnonzero(count[owner] > step)
        place = days.offsets[:-1][owner[has]] + step
        before = due[has] < days.values.astype(np.int64)[place]
        out[has[before]] = shares.values.astype(np.float64)[place[before]]
    return out


def _speeds(batch: Batch, rows: IntpArray, ages: Ages, name: str) -> FloatArray:
    """Return the speed in force at each payment: the vector's, whose last goes on, or the one."""
    constant = batch.floats(f"{name}_speed")[rows][ages.owner]
    vector = batch.ragged(f"{name}_vector")
    if not len(vector.values):
        return constant
    part: Ragged = vector.take(rows)
    count = np.diff(part.offsets)[ages.owner].astype(np.int64)
    from_now = batch.column(f"{name}_from_now")[rows][ages.owner] == 1
    number = np.where(from_now, ages.ahead, ages.payment)
    place = part.offsets[:-1][ages.owner] + np.clip(number, 0, np.maximum(count - 1, 0))
    return np.where(count > 0, part.values.astype(np.float64).take(place, mode="clip"), constant)


def _in_period(annual: FloatArray, months: IntArray) -> FloatArray:
    return np.asarray(-np.expm1(np.log1p(-np.minimum(annual, MOST)) * (months / 12.0)))


def _monthly(at: IntpArray, ages: Ages, annual_at: _Annual) -> FloatArray:
    """Return shares of periods whose months each have the annual speed of their age."""
    months = ages.months[at]
    begin = ages.payment[at] * months
    log_kept = np.zeros(len(at))
    for month in range(1, int(months.max(initial=0)) + 1):
        annual = np.minimum(annual_at(at, begin + month), MOST)
        log_kept += np.where(month <= months, np.log1p(-annual) * (1.0 / 12.0), 0.0)
    return np.asarray(-np.expm1(log_kept))


def _psa(month: IntArray) -> FloatArray:
    return PSA_CPR * (np.minimum(month, PSA_RAMP_MONTHS) / PSA_RAMP_MONTHS)


def _sda(month: IntArray) -> FloatArray:
    """Return the CDR of 100% SDA by month of age (SIFMA Standard Formulas, SF-19)."""
    rising = SDA_PEAK * (np.minimum(month, 30) / 30.0)
    falling = (SDA_PEAK - SDA_FLOOR) * (np.clip(month - 60, 0, 60) / 60.0)
    return np.asarray(rising - falling)


def _absolute(speed: FloatArray, before: IntArray, months: IntArray) -> FloatArray:
    """ABS: SMM of month m = ABS / (1 - ABS (m - 1)), shares of the loans at the start (SF-13)."""
    kept = np.ones(len(speed))
    for month in range(1, int(months.max(initial=0)) + 1):
        left = 1.0 - speed * (before + month - 1)
        monthly = np.where(left > speed, speed / np.where(left > 0.0, left, 1.0), 1.0)
        kept *= np.where(month <= months, 1.0 - monthly, 1.0)
    return np.minimum(1.0 - kept, 1.0)
