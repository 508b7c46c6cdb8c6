"""Pools whose prepayment depends on rates: one recursion over months for all rows and states.

Formulas in docs/methods/mbs_pool.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.pricers.pool_flows import Speed, active, months
from pricing.pricers.pool_speeds import Monthly
from pricing.pricers.pool_standing import Pools

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ELEMENTS = 1 << 16
"""Elements (rows x states) worked on together: a few arrays of them stay in the cache."""


GRIDS = 16
"""Calendars whose tables (months, calendars, states) are held at the same time."""


def worth(
    pools: Pools,
    speed: Speed,
    discount: Monthly,
    own: FloatArray,
    early: IntArray,
    columns: int,
) -> tuple[FloatArray, FloatArray]:
    """Return (rows, states): values of pools, and the part paid in the first `early` months.

    `discount` are discount factors, `own` (rows, months) the factor of the row's own spread.
    """
    if pools.assumptions.default.any():
        return _after_defaults(pools, speed, discount, own, early, columns)
    value = np.zeros((len(pools.rows), columns))
    share = np.ones_like(value)
    soon = np.zeros_like(value)
    before = np.ones(len(pools.rows))
    last = int(early.max(initial=0))
    for k, rows in enumerate(active(pools.months)):
        after = pools.scheduled(k + 1, rows)
        first = before[:rows]
        weight = own[:rows, k] * pools.balance[:rows]
        fixed = pools.interest[:rows] * pools.coupon[:rows] * first
        fixed += pools.principal[:rows] * (first - after)
        q = share[:rows]
        smm = speed(k, rows, q)
        cash = smm * (weight * pools.principal[:rows] * after)[:, None]
        cash += (weight * fixed)[:, None]
        cash *= q
        cash *= discount.at(k, rows)
        value[:rows] += cash
        if k < last:
            soon[:rows] += cash * (early[:rows] > k)[:, None]
        np.subtract(1.0, smm, out=smm)
        q *= smm
        before = after
    return value, soon


def _after_defaults(
    pools: Pools,
    speed: Speed,
    discount: Monthly,
    own: FloatArray,
    early: IntArray,
    columns: int,
) -> tuple[FloatArray, FloatArray]:
    value = np.zeros((len(pools.rows), columns))
    soon = np.zeros_like(value)
    for k, month in enumerate(months(pools, speed, columns)):
        rows = month.rows
        cash = month.principal + month.prepaid
        cash += month.recovered
        cash *= pools.principal[:rows, None]
        cash += month.interest * pools.interest[:rows, None]
        cash *= own[:rows, k][:, None]
        cash *= discount.at(k, rows)
        value[:rows] += cash
        soon[:rows] += cash * (early[:rows] > k)[:, None]
    return value, soon
