"""Deals of a batch: collateral projected line by line, collected, and paid by the waterfall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch, Ragged
from pricing.kernel import sequential
from pricing.pricers.pool_flows import Month, Speed, months
from pricing.pricers.pool_rates import Assumptions
from pricing.pricers.pool_standing import Calendar, Pools
from pricing.pricers.waterfall import Collected, Notes, Payment, Rules, Waterfall
from pricing.products.structured import AMORTISATIONS, DEAL_COLUMNS, KINDS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

BULLET, LINEAR = AMORTISATIONS.index("BULLET"), AMORTISATIONS.index("LINEAR")
DUST = 1e-10
"""Less collateral than this share of the original is what rounding leaves: none."""
FOREVER = 1_000_000
"""Months of a level payment that repays nothing to the last bit: a bullet."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The collateral of deals, longest first; columns (lines,).

    `deal` is the place of the line's deal; `pools` pay interest of a unit rate, which `rate`,
    `floor` and `floating` turn into that of the loans. `order` brings lines back to deal order,
    and `offsets` (deals + 1) delimit them there.
    """

    deal: IntpArray
    pools: Pools
    rate: FloatArray
    floor: FloatArray
    floating: FloatArray
    order: IntpArray
    offsets: npt.NDArray[np.int32]

    def total(self, amounts: FloatArray) -> FloatArray:
        """Return (deals, columns): sums of amounts of the first lines, in deal order."""
        whole = np.zeros((len(self.deal), amounts.shape[1]))
        whole[: len(amounts)] = amounts
        slots = np.arange(len(whole), dtype=np.int32)
        return sequential(np.ones(len(whole)), slots, self.offsets, whole[self.order])


@dataclass(frozen=True, slots=True)
class Coupon:
    """The coupons of one place in the order of seniority, columns (deals, 1)."""

    rate: FloatArray
    floating: FloatArray
    cap: FloatArray
    floor: FloatArray

    def at(self, index: FloatArray) -> FloatArray:
        """Return (deals, columns): fixed coupons, or margins over index rates within limits."""
        limited = np.clip(self.rate + index, self.floor, self.cap)
        return np.where(self.floating == 1.0, limited, self.rate)


@dataclass(frozen=True, slots=True)
class Deals:
    """Deals of rows of a batch that share a period and a recovery lag; columns (rows, 1)."""

    rows: IntpArray
    months: IntArray
    period: int
    calendar: Calendar
    lines: Lines
    rules: Rules
    balances: tuple[FloatArray, ...]
    coupons: tuple[Coupon, ...]
    planned: tuple[FloatArray, ...]
    reserve: FloatArray
    maturity: FloatArray
    bought_rate: FloatArray
    bought_floats: FloatArray
    held: IntArray
    severity: FloatArray

    @staticmethod
    def of(batch: Batch, rows: IntpArray) -> Deals:
        """Return the deals of rows that share a period."""
        column = {name: batch.floats(name)[rows][:, None] for name in DEAL_COLUMNS}
        width = int(np.diff(_ragged(batch, "tranche_kind", rows).offsets).max())
        tranche = {
            name: _padded(_ragged(batch, f"tranche_{name}", rows), width)
            for name in ("balance", "rate", "floating", "cap", "floor", "kind", "oc", "ic")
        }
        tranche["kind"][-1][:] = float(KINDS.index("RESIDUAL"))
        notes = tuple(
            Notes(*one) for one in zip(tranche["kind"], tranche["oc"], tranche["ic"], strict=True)
        )
        rules = Rules(
            notes, column["senior_fee"], column["subordinated_fee"], column["reserve_rate"],
            column["reinvestment_months"], column["loss_trigger"], column["clean_up_call"],
            column["original"], column["pro_rata"] == 1.0,
        )  # fmt: skip
        period = int(column["period"][0, 0])
        longest = int(batch.integers("months")[rows].max())
        held = batch.integers("held")[rows]
        count = np.diff(_ragged(batch, "tranche_kind", rows).offsets)
        return Deals(
            rows,
            batch.integers("months")[rows],
            period,
            calendar_of(batch, rows),
            _lines(batch, rows),
            rules,
            tuple(tranche["balance"]),
            tuple(
                Coupon(*one)
                for one in zip(
                    tranche["rate"], tranche["floating"], tranche["cap"], tranche["floor"],
                    strict=True,
                )
            ),
            _planned(batch, rows, width, longest // period),
            column["reserve"],
            column["reinvestment_maturity"],
            column["reinvestment_rate"],
            column["reinvestment_floating"],
            np.where(held == count - 1, width - 1, held),
            batch.floats("severity")[rows][:, None],
        )  # fmt: skip

    def pay(
        self, speed: Speed, index: FloatArray, period_index: FloatArray, columns: int
    ) -> Iterator[Payment]:
        """Yield the payments of deals under a speed of the lines.

        `index` (months, deals, columns) and `period_index` (payments, deals, columns) are index
        rates of the loans and of the notes.
        """
        waterfall = Waterfall(self.rules, self.balances, self.reserve, columns)
        shape = (len(self.rows), columns)
        interest, principal, lost = (np.zeros(shape) for _ in range(3))
        before = self.lines.total(np.repeat(self.lines.pools.balance[:, None], columns, axis=1))
        bought, after = np.zeros(shape), before
        made = self.lines.pools.assumptions
        one = np.flatnonzero(np.diff(self.lines.deal[self.lines.order], prepend=-1))
        sample = self.lines.order[one]
        buys = bool((self.rules.reinvestment_months > 0.0).any())
        whole = (len(self.lines.deal), np.ones((len(self.lines.deal), columns)))
        projected = months(self.lines.pools, speed, columns)
        alive = np.ones(shape)
        for k in range(int(self.months.max())):
            month = next(projected, None)
            after = np.zeros(shape)
            if month is not None:
                got = self._collect(month, index[k])
                after = got[2]
                interest += got[0] * alive
                principal += got[1] * alive
                lost += got[3] * alive
            rate = self.bought_rate + self.bought_floats * index[k]
            interest += bought * rate / 12.0
            if buys:
                gone = bought * made.default_rate(k, len(self.lines.deal))[sample][:, None]
                lost += gone * self.severity
                principal += gone * (1.0 - self.severity)
                bought = bought - gone
                due = np.where(k + 1 >= self.maturity, 1.0, speed(k, *whole)[sample])
                principal += bought * due
                bought = bought * (1.0 - due)
            if (k + 1) % self.period:
                continue
            number = k // self.period
            rates = [coupon.at(period_index[number]) for coupon in self.coupons]
            held = after * alive + bought
            held = np.where(held < DUST * self.rules.original, 0.0, held)
            collected = Collected(interest, principal, before, held, lost)
            payment = waterfall.pay(
                k + 1, self.period / 12.0, collected, rates,
                [planned[number] for planned in self.planned],
            )  # fmt: skip
            bought = (bought + payment.bought) * ~waterfall.called
            alive = np.where(waterfall.called, 0.0, 1.0)
            before = after * alive + bought
            interest, principal, lost = (np.zeros(shape) for _ in range(3))
            yield payment

    def _collect(
        self, month: Month, index: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return interest, principal, collateral after and losses (deals, columns) of a month."""
        n, lines = month.rows, self.lines
        floating = lines.floating[:n, None]
        rate = lines.rate[:n, None] + floating * np.maximum(
            index[lines.deal[:n]], lines.floor[:n, None]
        )
        # A margin over a negative index earns nothing rather than costing the lender.
        rate = np.where(floating == 1.0, np.maximum(rate, 0.0), rate)
        repaid = month.principal + month.prepaid
        repaid += month.recovered
        return (
            lines.total(month.interest * rate),
            lines.total(repaid),
            lines.total(month.performing + month.foreclosure),
            lines.total(month.lost),
        )


def calendar_of(batch: Batch, rows: IntpArray) -> Calendar:
    """Return the months of rows, counted from their accrual start."""
    names = ("start_month", "start_day", "delay", "calendar", "roll")
    return Calendar(*(batch.integers(name)[rows] for name in names))


def _ragged(batch: Batch, name: str, rows: IntpArray) -> Ragged:
    column = batch.columns[name]
    assert isinstance(column, Ragged)
    return column.take(rows)


def _padded(column: Ragged, width: int) -> list[FloatArray]:
    """Return `width` columns (rows, 1): the last value of each row last, zeros before it."""
    count = np.diff(column.offsets)
    out = np.zeros((width, len(count), 1))
    for row, size in enumerate(count):
        values = column.values[column.offsets[row] : column.offsets[row + 1]]
        out[: size - 1, row, 0] = values[:-1]
        out[-1, row, 0] = values[-1]
    return list(out)


def _planned(batch: Batch, rows: IntpArray, width: int, payments: int) -> tuple[FloatArray, ...]:
    """Return per tranche (payments, rows, 1): planned balances after each payment."""
    values, counts = _ragged(batch, "planned", rows), _ragged(batch, "planned_count", rows)
    out = np.zeros((width, payments, len(rows), 1))
    for row in range(len(rows)):
        at = int(values.offsets[row])
        for place, size in enumerate(
            counts.values[counts.offsets[row] : counts.offsets[row + 1]].tolist()
        ):
            kept = min(size, payments)
            out[place, :kept, row, 0] = values.values[at : at + kept]
            at += size
    return tuple(out)


def _lines(batch: Batch, rows: IntpArray) -> Lines:
    parts = {
        name: _ragged(batch, f"line_{name}", rows)
        for name in (
            "balance", "rate", "floor", "floating", "months", "age", "amortising", "amortisation"
        )
    }  # fmt: skip
    offsets = parts["balance"].offsets
    column = {name: part.values.astype(np.float64) for name, part in parts.items()}
    deal = np.repeat(np.arange(len(rows)), np.diff(offsets))
    order = np.argsort(-column["months"], kind="stable")
    column = {name: values[order] for name, values in column.items()}
    deal = deal[order]
    left = column["months"].astype(np.int64)
    kind = column["amortisation"].astype(np.int64)
    scheduled = np.where(kind == LINEAR, 0.0, np.where(kind == BULLET, 0.01, column["rate"] / 12.0))
    amortising = np.where(kind == BULLET, FOREVER, column["amortising"]).astype(np.int64)
    nothing = np.ones(len(deal))
    at = rows[deal]
    nowhere = np.zeros(len(deal), dtype=np.int64)
    calendar = calendar_of(batch, at)
    pools = Pools(
        at, left, column["balance"], scheduled, np.full(len(deal), 1.0 / 12.0), amortising,
        nothing, nothing, calendar,
        Assumptions.of(
            batch, at, column["age"].astype(np.int64), left, nothing, column["rate"],
            calendar.first,
        ),
        nowhere, nowhere,
    )  # fmt: skip
    back = np.empty(len(order), dtype=np.intp)
    back[order] = np.arange(len(order))
    return Lines(deal, pools, column["rate"], column["floor"], column["floating"], back, offsets)
