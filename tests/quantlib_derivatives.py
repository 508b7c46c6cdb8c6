"""Derivatives in QuantLib and the same contracts as terms: one market for both.

Nothing here values with the library under test. Curves are linear in the zero rate, except the
ones for credit default swaps, which QuantLib's ISDA engine asks to be linear in log discount.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import QuantLib as ql

DAY = dt.date(2022, 12, 30)
TODAY = ql.Date(30, 12, 2022)
GOVT = ql.UnitedStates(ql.UnitedStates.GovernmentBond)
TARGET = ql.TARGET()
A365 = ql.Actual365Fixed()
MF = ql.ModifiedFollowing
SWAP_NODES = (("2023-06-30", 0.048), ("2024-12-30", 0.042), ("2032-12-30", 0.036),
              ("2060-12-30", 0.034))  # fmt: skip
OIS_NODES = (("2023-06-30", 0.046), ("2025-12-30", 0.039), ("2032-12-30", 0.034),
             ("2060-12-30", 0.033))  # fmt: skip
EUR_NODES = (("2023-12-30", 0.026), ("2027-12-30", 0.029), ("2060-12-30", 0.024))
FX = 1.0666


def q_date(date: dt.date | str) -> ql.Date:
    """Return a date as QuantLib's."""
    day = dt.date.fromisoformat(date) if isinstance(date, str) else date
    return ql.Date(day.day, day.month, day.year)


def iso(date: ql.Date) -> str:
    """Return QuantLib's date as text."""
    return dt.date(date.year(), date.month(), date.dayOfMonth()).isoformat()


def curve(nodes: Sequence[tuple[str, float]], shift: float = 0.0) -> ql.YieldTermStructureHandle:
    """Return a zero curve, linear and continuous Act/365F, with its zero rates shifted."""
    days = [TODAY, *(q_date(day) for day, _ in nodes)]
    zeros = [nodes[0][1] + shift, *(zero + shift for _, zero in nodes)]
    found = ql.ZeroCurve(days, zeros, A365, ql.NullCalendar(), ql.Linear(), ql.Continuous)
    found.enableExtrapolation()
    return ql.YieldTermStructureHandle(found)


FIXING_DAYS = [DAY - dt.timedelta(days=back) for back in range(420, -1, -1)]
TERM_FIXING, SOFR_FIXING, EURIBOR_FIXING = 0.0455, 0.0430, 0.0235


def term_index(handle: ql.YieldTermStructureHandle) -> ql.IborIndex:
    """Return a three-month dollar index with its fixings."""
    index = ql.IborIndex(
        "TERM", ql.Period(3, ql.Months), 2, ql.USDCurrency(), GOVT, MF, True, ql.Actual360(), handle
    )
    _fix(index, TERM_FIXING)
    return index


def euribor(handle: ql.YieldTermStructureHandle) -> ql.IborIndex:
    """Return a six-month euro index with its fixings."""
    index = ql.IborIndex(
        "EURO", ql.Period(6, ql.Months), 2, ql.EURCurrency(), TARGET, MF, True, ql.Actual360(),
        handle,
    )  # fmt: skip
    _fix(index, EURIBOR_FIXING)
    return index


def sofr(handle: ql.YieldTermStructureHandle) -> ql.OvernightIndex:
    """Return an overnight dollar index with its fixings."""
    index = ql.OvernightIndex("SOFR", 0, ql.USDCurrency(), GOVT, ql.Actual360(), handle)
    _fix(index, SOFR_FIXING)
    return index


def _fix(index: ql.InterestRateIndex, rate: float) -> None:
    days = [q_date(day) for day in FIXING_DAYS]
    valid = [day for day in days if index.isValidFixingDate(day)]
    index.addFixings(valid, [rate] * len(valid), True)


@contextmanager
def evaluated() -> Iterator[None]:
    """QuantLib's global state for the valuation day, put back afterwards."""
    settings = ql.Settings.instance()
    before = settings.evaluationDate
    settings.evaluationDate = TODAY
    settings.includeTodaysCashFlows = False
    was_at_par = ql.IborCoupon.usingAtParCoupons()
    ql.IborCoupon.createIndexedCoupons()
    yield
    settings.evaluationDate = before
    if was_at_par:
        ql.IborCoupon.createAtParCoupons()
    ql.IndexManager.instance().clearHistories()


def market(**parts: Any) -> dict[str, Any]:
    """Return the market of these curves, indices and fixings, with more parts."""
    return {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [
            {"name": name, "currency": currency, "nodes": [[day, repr(z)] for day, z in nodes]}
            for name, currency, nodes in (
                ("USD-SWAP", "USD", SWAP_NODES),
                ("USD-OIS", "USD", OIS_NODES),
                ("EUR-SWAP", "EUR", EUR_NODES),
            )
        ],
        "discount": {"USD": "USD-OIS", "EUR": "EUR-SWAP"},
        "fx": [{"base": "EUR", "quote": "USD", "rate": str(FX)}],
        "indices": {
            "TERM": {
                "currency": "USD", "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
                "calendar": "US-GOVT", "fixing_lag_days": 2, "curve": "USD-SWAP",
            },
            "SOFR": {
                "currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                "calendar": "US-GOVT", "curve": "USD-OIS",
            },
            "EURO": {
                "currency": "EUR", "kind": "TERM", "tenor": "6M", "day_count": "ACT/360",
                "calendar": "TARGET", "fixing_lag_days": 2, "curve": "EUR-SWAP",
            },
        },
        "fixings": {
            "TERM": [[day.isoformat(), repr(TERM_FIXING)] for day in FIXING_DAYS],
            "SOFR": [[day.isoformat(), repr(SOFR_FIXING)] for day in FIXING_DAYS],
            "EURO": [[day.isoformat(), repr(EURIBOR_FIXING)] for day in FIXING_DAYS],
        },
        **parts,
    }  # fmt: skip


def schedule(
    start: ql.Date, maturity: ql.Date, months: int, calendar: ql.Calendar = GOVT
) -> ql.Schedule:
    """Return a schedule that goes back from the maturity, dates moved by Modified Following."""
    return ql.Schedule(
        start, maturity, ql.Period(months, ql.Months), calendar, MF, MF,
        ql.DateGeneration.Backward, False,
    )  # fmt: skip
