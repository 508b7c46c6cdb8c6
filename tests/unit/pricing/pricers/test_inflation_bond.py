"""Inflation bonds: a plain recursion as oracle, QuantLib's CPI bond, floors, sensitivities."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import pytest
import QuantLib as ql

from pricing.position import PositionInput
from pricing.scenarios import States

Value = Callable[..., dict[str, float]]
Position = Callable[..., PositionInput]
MakeStates = Callable[..., States]

DAY = dt.date(2022, 12, 30)
MEASURES = (
    "PV", "ACCRUED", "CLEAN_PRICE", "INFLATION01", "INDEX_RATIO", "PRINCIPAL",
    "YIELD_REAL_SEMI_BOND", "DV01",
)  # fmt: skip


def reference(history: dict[str, float], day: dt.date, lag: int = 3) -> float | None:
    """Return the level a day refers to, by the text of 31 CFR 356 Appendix B."""

    def level(back: int) -> float | None:
        month = day.year * 12 + day.month - 1 - back
        return history.get(f"{month // 12}-{month % 12 + 1:02d}")

    first, second = level(lag), level(lag - 1)
    length = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - day.replace(day=1)
    if first is None or (second is None and day.day > 1):
        return None
    if day.day == 1:
        return first
    assert second is not None
    return first + (day.day - 1) / length.days * (second - first)


def test_value_is_that_of_a_plain_recursion(
    value: Value, position: Position, make_states: MakeStates, market: dict[str, Any]
) -> None:
    index = market["inflation"]["US_CPI_U"]
    index["nodes"] = [["2060-12-30", "0.025"]]
    history = {month: float(level) for month, level in index["history"]}
    terms = {"ratio_rounding": "NONE", "deflation_floor": False, "maturity_date": "2029-01-15"}
    bond = position("INFLATION_BOND", terms, {"spread": "0.002"})
    states = make_states(market, [{"code": "BASE"}], MEASURES)
    cells = value(bond, states)
    base, now = reference(history, dt.date(2021, 1, 15)), reference(history, DAY)
    assert base is not None
    assert now is not None
    pv, due = 0.0, dt.date(2023, 1, 15)
    while due <= dt.date(2029, 1, 15):
        level = reference(history, due)
        if level is None:
            # Projected month by month from today's level: 2.5% a year, between month and month.
            def ahead(months: float) -> float:
                return now * 1.025 ** (months / 12.0)

            whole = (due.year - DAY.year) * 12 + due.month - DAY.month
            begun = (DAY.day - 1) / 31.0
            length = 31
            first, second = ahead(whole - begun), ahead(whole + 1 - begun)
            level = first + (due.day - 1) / length * (second - first)
        cash = 1e6 * 0.00125 / 2.0
        if due == dt.date(2029, 1, 15):
            cash += 1e6
        t = (due - DAY).days / 365.0
        zero = float(states.market.curves["USD-TREASURY"].zero_rates(_array(t))[0])
        pv += cash * level / base * math.exp(-(zero + 0.002) * t)
        month = due.month + 6
        due = dt.date(due.year + month // 13, month if month <= 12 else month - 12, 15)
    assert cells["PV@BASE"] == pytest.approx(pv, rel=1e-12)
    assert cells["INDEX_RATIO@BASE"] == pytest.approx(now / base, rel=1e-14)
    assert cells["PRINCIPAL@BASE"] == pytest.approx(1e6 * now / base, rel=1e-14)


def _array(time: float) -> Any:
    import numpy as np

    return np.array([time])


def test_inflation01_is_the_difference_of_two_valuations(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    bump = [
        {"code": "BASE"},
        {"code": "DOWN", "shocks": [{"risk": "INFLATION", "size": "-0.0001"}]},
        {"code": "UP", "shocks": [{"risk": "INFLATION", "size": "0.0001"}]},
    ]
    states = make_states(scenarios=bump, measures=MEASURES)
    cells = value(position("INFLATION_BOND"), states)
    moved = (cells["PV@UP"] - cells["PV@DOWN"]) / 2
    tolerance = 1e-12 * cells["PV@BASE"] / 1e-4
    assert cells["INFLATION01@BASE"] == pytest.approx(moved, abs=tolerance)
    assert moved > 0.0


def test_real_price_and_yield_do_not_move_with_the_published_level(
    value: Value, position: Position, make_states: MakeStates, market: dict[str, Any]
) -> None:
    """All levels doubled: a bond quoted in real terms has the same price and real yield."""
    marked = position("INFLATION_BOND", {"ratio_rounding": "NONE"},
                      {"spread_source": "MARK", "mark_price": "96.5"})  # fmt: skip
    once = value(marked, make_states(market, [{"code": "BASE"}], MEASURES))
    for pair in market["inflation"]["US_CPI_U"]["history"]:
        pair[1] = repr(2.0 * float(pair[1]))
    twice = value(marked, make_states(market, [{"code": "BASE"}], MEASURES))
    assert once["CLEAN_PRICE@BASE"] == pytest.approx(96.5, abs=1e-9)
    assert twice["YIELD_REAL_SEMI_BOND@BASE"] == pytest.approx(
        once["YIELD_REAL_SEMI_BOND@BASE"], abs=1e-12
    )
    assert twice["PV@BASE"] == pytest.approx(once["PV@BASE"], rel=1e-12)


def test_floor_on_principal_pays_the_face_when_prices_have_fallen(
    value: Value, position: Position, make_states: MakeStates, market: dict[str, Any]
) -> None:
    market["inflation"]["US_CPI_U"]["nodes"] = [["2060-12-30", "-0.05"]]
    states = make_states(market, [{"code": "BASE"}], MEASURES)
    floored = value(position("INFLATION_BOND", {"coupon": "0"}), states)
    bare = value(position("INFLATION_BOND", {"coupon": "0", "deflation_floor": False}), states)
    days = (dt.date(2031, 1, 15) - DAY).days
    zero = float(states.market.curves["USD-TREASURY"].zero_rates(_array(days / 365.0))[0])
    assert floored["PV@BASE"] == pytest.approx(1e6 * math.exp(-zero * days / 365.0), rel=1e-12)
    assert bare["PV@BASE"] < floored["PV@BASE"]
    # The floor takes away what inflation moves.
    assert floored["INFLATION01@BASE"] == 0.0
    assert bare["INFLATION01@BASE"] > 0.0


def test_redemption_is_the_one_of_quantlibs_cpi_bond(
    value: Value, position: Position, make_states: MakeStates, market: dict[str, Any]
) -> None:
    """UK style: ratios of published levels only, so that no projection enters."""
    q_day = ql.Date(30, 12, 2022)
    before = ql.Settings.instance().evaluationDate
    ql.Settings.instance().evaluationDate = q_day
    try:
        index = ql.USCPI()
        for month, level in market["inflation"]["US_CPI_U"]["history"]:
            year, number = (int(part) for part in month.split("-"))
            index.addFixing(ql.Date(1, number, year), float(level))
        schedule = ql.Schedule(
            ql.Date(15, 1, 2021), ql.Date(15, 1, 2023), ql.Period(6, ql.Months),
            ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward, False,
        )  # fmt: skip
        base = ql.CPI.laggedFixing(
            index, ql.Date(15, 1, 2021), ql.Period(3, ql.Months), ql.CPI.Linear
        )
        bond = ql.CPIBond(
            0, 1e6, False, base, ql.Period(3, ql.Months), index, ql.CPI.Linear, schedule,
            [0.00125], ql.ActualActual(ql.ActualActual.ISMA), ql.Unadjusted,
        )  # fmt: skip
        wanted = sum(c.amount() for c in bond.cashflows() if c.date() > q_day)
    finally:
        ql.Settings.instance().evaluationDate = before
        ql.IndexManager.instance().clearHistories()
    market["curves"][0]["nodes"] = [["2060-01-01", "0"]]
    states = make_states(market, [{"code": "BASE"}], MEASURES)
    terms = {"maturity_date": "2023-01-15", "ratio_rounding": "NONE"}
    cells = value(position("INFLATION_BOND", terms), states)
    assert cells["PV@BASE"] == pytest.approx(wanted, rel=1e-12)
