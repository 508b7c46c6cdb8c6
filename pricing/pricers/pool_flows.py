"""What pools pay, month by month for all rows at once, under given speeds.

Rows are in the order of their months left, longest first: those still paying are a prefix. With
q the share of loans neither prepaid nor defaulted, F the scheduled balance of a unit and D the
sum of q x MDR in foreclosure, balances are products of the three (docs/methods/mbs_pool.md).
Every operation is elementwise: a row's bits do not depend on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.pricers.pool_standing import Pools

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

Speed = Callable[[int, int, FloatArray], FloatArray]
"""SMM (rows, columns) of month k of the first rows, given their survival (rows, columns)."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the first `rows` pools, amounts (rows, columns) but `factor` (rows,).

    `principal` is scheduled, of a defaulted loan while the servicer advances it; `lost` with
    `recovered` is what leaves foreclosure; `performing` and `foreclosure` are balances after it.
    """

    rows: int
    factor: FloatArray
    interest: FloatArray
    principal: FloatArray
    prepaid: FloatArray
    recovered: FloatArray
    lost: FloatArray
    defaulted: FloatArray
    performing: FloatArray
    foreclosure: FloatArray


def active(months: IntArray) -> list[int]:
    """Return how many of the rows, longest first, still pay in each month."""
    longest = int(months[0]) if len(months) else 0
    found: list[int] = np.searchsorted(-months, -np.arange(longest), side="left").tolist()
    return found


@dataclass(slots=True)
class Ledger:
    """Defaults of rows that share a recovery lag, as shares of tonight's balance.

    `open` (rows, columns) sums q x MDR of loans in foreclosure.
    """

    pools: Pools
    lag: int
    columns: int
    open: FloatArray
    balances: FloatArray
    past: list[FloatArray]

    @staticmethod
    def of(pools: Pools, columns: int) -> Ledger:
        """Return the empty ledger of rows with one recovery lag."""
        zeros = np.zeros((len(pools.rows), columns))
        lag = int(pools.assumptions.lag[0])
        return Ledger(pools, lag, columns, zeros, zeros.copy(), [])

    def month(
        self, k: int, rows: int, performing: FloatArray, before: FloatArray, after: FloatArray
    ) -> Defaults:
        """Return what defaults and is recovered in month k, and book it.

        `performing` is q before it; `before` and `after` the scheduled factors around it.
        """
        made = self.pools.assumptions
        rate = made.default_rate(k, rows)[:, None]
        new = performing * rate
        self.past.append(new)
        then = k - self.lag
        leaving = self.past[then][:rows] if then >= 0 else np.zeros((rows, self.columns))
        start = self.pools.scheduled(then, rows)[:, None] if then >= 0 else before
        advances = made.advances[:rows, None]
        severity = made.severity[:rows, None]
        earlier = self.open[:rows]
        # What the servicer advances shrinks with the schedule, what it does not stays as it was.
        amount = leaving * np.where(advances == 1.0, before, start)
        recovered = np.maximum(amount - leaving * start * severity, 0.0)
        interest = performing + advances * earlier - (1.0 - advances) * new
        current = earlier + new - leaving
        self.open[:rows] = current
        paying = performing + advances * (current - new) - (1.0 - advances) * new
        self.balances[:rows] = np.where(
            advances == 1.0, current * after, self.balances[:rows] + new * before - amount
        )
        if then >= 0:
            self.past[then] = new[:0]
        return Defaults(rate, new, interest, paying, recovered, amount - recovered)


@dataclass(frozen=True, slots=True)
class Defaults:
    """Shares (rows, columns) of one month: what defaults, pays interest, amortises, comes back.

    `interest` and `paying` multiply the coupon and the scheduled principal; `recovered` and
    `lost` are shares of tonight's balance.
    """

    rate: FloatArray
    new: FloatArray
    interest: FloatArray
    paying: FloatArray
    recovered: FloatArray
    lost: FloatArray


def months(pools: Pools, speed: Speed, columns: int) -> Iterator[Month]:
    """Yield the months of pools, longest first, that share a recovery lag."""
    count = active(pools.months)
    share = np.ones((len(pools.rows), columns))
    ledger = Ledger.of(pools, columns) if pools.assumptions.default.any() else None
    before = np.ones(len(pools.rows))
    for k, rows in enumerate(count):
        after = pools.scheduled(k + 1, rows)
        balance = pools.balance[:rows, None]
        first, last = before[:rows, None], after[:, None]
        q = share[:rows].copy()
        smm = speed(k, rows, q)
        nothing = np.zeros_like(q)
        booked = None
        if ledger is not None:
            booked = ledger.month(k, rows, q, first, last)
            smm = np.minimum(smm, 1.0 - booked.rate)
        prepaid = q * smm
        leaving = prepaid if booked is None else prepaid + booked.new
        left = q - leaving
        share[:rows] = left
        factor = balance * last
        yield Month(
            rows,
            after,
            balance * first * (q if booked is None else booked.interest)
            * pools.coupon[:rows, None],
            balance * (first - last) * (q if booked is None else booked.paying),
            factor * prepaid,
            nothing if booked is None else balance * booked.recovered,
            nothing if booked is None else balance * booked.lost,
            nothing if booked is None else balance * first * booked.new,
            factor * left,
            nothing if ledger is None else balance * ledger.balances[:rows],
        )  # fmt: skip
        before = after
