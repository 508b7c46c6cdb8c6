"""Speeds of pools as shares of a month: SMM of prepayment, MDR of default.

Sources: The Bond Market Association, Uniform Practices, Standard Formulas (1999), SF-5 to SF-13
for CPR, PSA and ABS, SF-19 for SDA; docs/methods/mbs_pool.md.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch, Ragged
from pricing.products.pool_assumptions import DEFAULT_KINDS, PREPAYMENT_KINDS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

CPR, SMM, PSA, ABS, S_CURVE, ARCTAN = (
    PREPAYMENT_KINDS.index(kind) for kind in ("CPR", "SMM", "PSA", "ABS", "S_CURVE", "ARCTAN")
)
CDR, MDR, SDA = (1 + DEFAULT_KINDS.index(kind) for kind in ("CDR", "MDR", "SDA"))

PSA_CPR, PSA_RAMP = 0.06, 30.0
SDA_CDR, SDA_FLOOR, SDA_RAMP, SDA_PEAK, SDA_END = 0.006, 0.0003, 30.0, 60.0, 120.0


def monthly(annual: FloatArray) -> FloatArray:
    """Return the monthly share of an annual one: 1 - (1 - x)^(1/12), x up to 1."""
    return np.asarray(-np.expm1(np.log1p(-np.minimum(annual, 1.0)) / 12.0))


def psa_cpr(age: IntArray) -> FloatArray:
    """Return the CPR of 100% PSA in a month of age (1 is the first): 0.2% a month up to 6%."""
    return np.minimum(np.maximum(age, 0) / PSA_RAMP, 1.0) * PSA_CPR


def sda_cdr(age: IntArray) -> FloatArray:
    """Return the CDR of 100% SDA in a month of age.

    Up 0.02% a month to 0.60% in month 30, level to 60, down to 0.03% in month 120, level then.
    """
    month = np.maximum(age, 0)
    up = np.minimum(month / SDA_RAMP, 1.0) * SDA_CDR
    down = (np.clip(month, SDA_PEAK, SDA_END) - SDA_PEAK) / (SDA_END - SDA_PEAK)
    return np.asarray(up - down * (SDA_CDR - SDA_FLOOR))


def abs_smm(speed: FloatArray, age: FloatArray) -> FloatArray:
    """Return the SMM of an ABS speed in a month of age: s / (1 - s (age - 1)), at most 1."""
    left = 1.0 - speed * np.maximum(age - 1.0, 0.0)
    fast = left <= speed
    return np.where(fast & (speed > 0.0), 1.0, speed / np.where(fast, 1.0, left))


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of pools, columns (rows,); `age` months before the next payment's month.

    `low` and `width` are of the SMM of an S_CURVE, of the CPR of an ARCTAN; `saved` is what is
    saved at a rate of 0, less the centre; `first_month` the month index of the next payment.
    """

    kind: IntArray
    speeds: Ragged
    age: IntArray
    lockout: IntArray
    low: FloatArray
    width: FloatArray
    saved: FloatArray
    factor: FloatArray
    slope: FloatArray
    rate_months: IntArray
    seasoning: IntArray
    burnout: FloatArray
    survival: FloatArray
    on_balance: IntArray
    first_month: IntArray
    seasonality: Ragged
    default: IntArray
    default_speeds: Ragged
    severity: FloatArray
    lag: IntArray
    advances: FloatArray
    months: IntArray

    @staticmethod
    def of(
        batch: Batch,
        rows: IntpArray,
        age: IntArray,
        months: IntArray,
        survival: FloatArray,
        rate: FloatArray,
        first_month: IntArray,
    ) -> Assumptions:
        """Return the assumptions of rows of a batch; `months` are those left, `rate` the loans'."""
        kind = batch.integers("prepayment")[rows]
        low, high = (
            np.where(kind == ARCTAN, annual, monthly(annual))
            for annual in (batch.floats(name)[rows] for name in ("lowest", "highest"))
        )
        slope = batch.floats("slope")[rows]
        saved = rate - batch.floats("mortgage_spread")[rows] - batch.floats("centre")[rows]
        return Assumptions(
            kind,
            _ragged(batch, "speeds", rows),
            age,
            batch.integers("lockout")[rows],
            low,
            high - low,
            saved,
            np.exp(np.where(kind == S_CURVE, -slope * saved, 0.0)),
            slope,
            batch.integers("rate_months")[rows],
            batch.integers("seasoning")[rows],
            batch.floats("burnout")[rows],
            survival,
            batch.integers("on_balance")[rows],
            first_month,
            _ragged(batch, "seasonality", rows),
            batch.integers("default")[rows],
            _ragged(batch, "default_speeds", rows),
            batch.floats("severity")[rows],
            batch.integers("recovery_lag")[rows],
            batch.floats("advances")[rows],
            months,
        )

    def take(self, index: IntpArray) -> Assumptions:
        """Return the given rows."""
        columns = {}
        for f in fields(self):
            column = getattr(self, f.name)
            ragged = isinstance(column, Ragged)
            columns[f.name] = column.take(index) if ragged else column[index]
        return Assumptions(**columns)

    def speed(self, k: int, rows: int, multiplier: FloatArray) -> FloatArray:
        """Return (rows, columns): SMM of month k of the first rows, speeds x multiplier.

        Those of curves are 0 here: they depend on rates.
        """
        kind, month = self.kind[:rows], self.age[:rows] + (k + 1)
        level = _at(self.speeds, k, rows)
        level = np.where(kind == PSA, level * psa_cpr(month), level)
        level[(kind >= S_CURVE) | (month <= self.lockout[:rows])] = 0.0
        speed = level[:, None] * multiplier
        out = np.minimum(speed, 1.0)
        annual = np.flatnonzero((kind == CPR) | (kind == PSA))
        out[annual] = monthly(speed[annual])
        by_original = np.flatnonzero(kind == ABS)
        out[by_original] = abs_smm(speed[by_original], month[by_original, None].astype(np.float64))
        return out

    def default_rate(self, k: int, rows: int) -> FloatArray:
        """Return (rows,): MDR of month k; nothing defaults that could not be recovered in time."""
        kind = self.default[:rows]
        level = _at(self.default_speeds, k, rows)
        level = np.where(kind == SDA, level * sda_cdr(self.age[:rows] + (k + 1)), level)
        out = np.minimum(level, 1.0)
        annual = (kind == CDR) | (kind == SDA)
        out[annual] = monthly(level[annual])
        out[(kind == 0) | (k >= self.months[:rows] - self.lag[:rows])] = 0.0
        return out

    def ramp(self, k: int, rows: int) -> FloatArray:
        """Return (rows,): what seasoning, lock-out and season multiply a curve by in month k."""
        month = self.age[:rows] + (k + 1)
        share = np.minimum(month / np.maximum(self.seasoning[:rows], 1), 1.0)
        made = self.seasonality
        if len(made.values) > len(self.kind):
            count = np.diff(made.offsets[: rows + 1])
            share = share * made.values[made.offsets[:rows] + (self.first_month[:rows] + k) % count]
        return np.where(month <= self.lockout[:rows], 0.0, np.maximum(share, 0.0))


def _ragged(batch: Batch, name: str, rows: IntpArray) -> Ragged:
    column = batch.columns[name]
    assert isinstance(column, Ragged)
    return column.take(rows)


def _at(speeds: Ragged, k: int, rows: int) -> FloatArray:
    """Return the speed of month k of the first rows; the last speed of each continues."""
    last = speeds.offsets[1 : rows + 1] - 1
    return speeds.values.take(np.minimum(speeds.offsets[:rows] + k, last)).astype(np.float64)
