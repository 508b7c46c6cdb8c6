"""What a history of loans says: defaults by vintage and age, and loss given charge-off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray, IntArray
from pricing.credit.errors import CreditError


@dataclass(frozen=True, slots=True)
class DefaultTable:
    """Loans and defaults (vintages, ages) as counts; NaN where the age ends after the history.

    `rates` are (ages,): share of the loans lent that default in each year of age, over vintages
    that have lived through it. They are of the loans lent, whether still there or repaid.
    """

    vintages: IntArray
    loans: IntArray
    defaults: FloatArray
    rates: FloatArray

    @property
    def cumulative(self) -> FloatArray:
        """Return (ages,): the probability of default by the end of each year of age."""
        return np.cumsum(self.rates)


@dataclass(frozen=True, slots=True)
class LossTable:
    """Loss given charge-off: charged-off principal over disbursed, as ratio of sums and by vintage.

    `lender` is what is left of it after a guarantee pays its share of each loss.
    """

    vintages: IntArray
    counts: IntArray
    by_vintage: FloatArray
    gross: float
    lender: float


def default_table(
    vintage: npt.ArrayLike, age_at_default: npt.ArrayLike, last_year: int, ages: int
) -> DefaultTable:
    """Return defaults by year of origination and whole years of age (0 is the first year).

    `age_at_default` in years is NaN without one. A vintage v has lived through age a where
    v + a + 2 <= last_year + 1: its last loan of December too. Censored cells are left out of rates.
    """
    year = arrays.integers(vintage, "vintage")
    age = np.asarray(age_at_default, dtype=np.float64)
    if age.shape != year.shape or ages < 1:
        raise CreditError("SHAPE", "age_at_default", f"is {age.shape} beside {year.shape}")
    arrays.amounts(np.where(np.isnan(age), 0.0, age), "age_at_default")
    found, position = np.unique(year, return_inverse=True)
    counts = np.bincount(position)
    table = np.zeros((len(found), ages))
    hit = ~np.isnan(age) & (np.nan_to_num(age) < ages)
    np.add.at(table, (position[hit], age[hit].astype(int)), 1.0)
    seen = found[:, None] + np.arange(ages) + 2 <= last_year + 1
    table[~seen] = np.nan
    lived = (seen * counts[:, None]).sum(axis=0)
    if bool((lived == 0).any()):
        raise CreditError("OUT_OF_RANGE", "ages", f"no vintage has lived through {ages} years")
    rates = np.nansum(np.where(seen, table, 0.0), axis=0) / lived
    return DefaultTable(found, counts.astype(np.int64), table, rates)


def loss_table(
    vintage: npt.ArrayLike,
    disbursed: npt.ArrayLike,
    charged_off: npt.ArrayLike,
    guaranteed_share: npt.ArrayLike,
) -> LossTable:
    """Return loss over disbursed of loans that were charged off, in total and by vintage.

    A loan that lost more than was disbursed (interest, costs) stays as it is.
    """
    year = arrays.integers(vintage, "vintage")
    lent = arrays.amounts(disbursed, "disbursed")
    lost = arrays.amounts(charged_off, "charged_off")
    share = arrays.probabilities(guaranteed_share, "guaranteed_share")
    if not year.shape == lent.shape == lost.shape == share.shape or lent.sum() <= 0.0:
        raise CreditError("SHAPE", "disbursed", "fields of the loans differ in length, or are 0")
    found, position = np.unique(year, return_inverse=True)
    base = np.bincount(position, weights=lent)
    by_vintage = np.divide(
        np.bincount(position, weights=lost), base, out=np.full(len(found), np.nan), where=base > 0.0
    )
    return LossTable(
        found,
        np.bincount(position).astype(np.int64),
        by_vintage,
        float(lost.sum() / lent.sum()),
        float((lost * (1.0 - share)).sum() / lent.sum()),
    )
