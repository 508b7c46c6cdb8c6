"""Index ratios of inflation bonds: the level a day refers to over the bond's base level.

Sources: 31 CFR 356 Appendix B, section I.B (reference CPI, truncation and rounding); UK Debt
Management Office, Formulae for Calculating Gilt Prices from Yields (ratios at five decimals).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.dates import date_of
from pricing.failure import Failure
from pricing.products.inflation_bond import RATIO_ROUNDINGS
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

_US_TREASURY = RATIO_ROUNDINGS.index("US_TREASURY")
_FIVE = RATIO_ROUNDINGS.index("FIVE_DECIMALS")


def inflation_of(states: States, currency: str, name: str) -> tuple[str, ...] | Failure:
    """Return the market objects that a bond on an inflation index depends on, or why it fails."""
    index = states.market.inflation.get(name)
    if index is None:
        return Failure("UNKNOWN_INDEX", f"the market has no inflation index {name}")
    if index.currency != currency:
        return Failure("CURVE_CURRENCY", f"inflation index {name} is in {index.currency}")
    return (f"inflation/{name}",)


def rounded(number: FloatArray, rule: IntArray) -> FloatArray:
    """Return levels or ratios at five decimals under their rules, halves up.

    US_TREASURY truncates at the sixth decimal first; the least error of binary fractions is
    forgiven.
    """
    millionths = np.where(rule == _US_TREASURY, np.floor(number * 1e6 + 1e-5), number * 1e6 + 1e-5)
    five = np.floor((millionths + 5.0) / 10.0) / 1e5
    return np.where((rule == _US_TREASURY) | (rule == _FIVE), five, number)


@dataclass(frozen=True, slots=True)
class IndexRatios:
    """The ratios of bonds, columns (rows,): places in the batch, dated days as ordinals."""

    batch: Batch
    rows: IntpArray
    dated: IntArray

    def at(
        self, owner: IntpArray, days: IntArray, states: States, states_of: StateSet
    ) -> tuple[FloatArray, dict[int, Failure]]:
        """Return ratios (n, states) at day `days[j]` for row `owner[j]`, and failures by row.

        Ratios are rounded where every level they need is published; projections are not, so that
        a sensitivity is none of a rounding.
        """
        index = self.batch.integers("index")[self.rows]
        rule = self.batch.integers("ratio_rounding")[self.rows]
        given = self.batch.floats("base_level")[self.rows]
        ratio = np.ones((len(days), len(states_of)))
        failures: dict[int, Failure] = {}
        for code in np.unique(index):
            name = self.batch.names.text(int(code))
            at = np.flatnonzero(index[owner] == code)
            row = owner[at]
            found = _levels(name, days[at], rule[row], states, states_of)
            known_base = _levels(name, self.dated[row], rule[row], states, states_of)
            supplied = (given[row] > 0.0)[:, None]
            start = np.where(supplied, given[row][:, None], known_base.level)
            both = found.published & (known_base.published | supplied[:, 0])
            value = found.level / start
            ratio[at] = np.where(both[:, None], rounded(value, rule[row][:, None]), value)
            lacking = np.isnan(value).any(axis=1)
            for place in np.flatnonzero(lacking).tolist():
                base_missing = bool(np.isnan(start[place]).any())
                day = self.dated[row[place]] if base_missing else days[at[place]]
                failure = Failure(
                    "FIXING_MISSING", f"{name} has no level for {date_of(int(day))} to refer to"
                )
                failures.setdefault(int(row[place]), failure)
        return ratio, failures


@dataclass(frozen=True, slots=True)
class _Levels:
    """Reference levels (n, states), and whether each is made of published levels alone."""

    level: FloatArray
    published: BoolArray


def _levels(
    name: str, days: IntArray, rule: IntArray, states: States, states_of: StateSet
) -> _Levels:
    index = states.market.inflation[name]
    used, place = np.unique(days, return_inverse=True)
    level = states.state_inflation(name, used, states_of)[place]
    month, weight = index.reference(days)
    published = index.known(month)[1] & ((weight == 0.0) | index.known(month + 1)[1])
    cut = rounded(level, rule[:, None])
    return _Levels(np.where(published[:, None], cut, level), published)
