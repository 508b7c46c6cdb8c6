"""Historical moves by hand, and every history that cannot give them named by its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.scenarios import States, historical, history, history_scenarios, parse
from pricing.scenarios.historical import HistoryError, MissingDays, Window
from pricing.scenarios.shocks import Mode

ABSOLUTE, RELATIVE = Mode.ABSOLUTE, Mode.RELATIVE
FIRST = dt.date(2022, 1, 3)
DAYS = [FIRST + dt.timedelta(days=at) for at in range(8)]
LEVELS = np.array([[0.01 * (1 + at), 2.0 + at * at] for at in range(8)])
NAMES = ["a", "b"]


def window(**changes: Any) -> Window:
    return Window(**({"first": DAYS[0], "last": DAYS[-1]} | changes))


def test_moves_are_differences_and_ratios_of_consecutive_days() -> None:
    found = historical.moves(NAMES, [ABSOLUTE, RELATIVE], DAYS, LEVELS, window())
    assert found.sizes[:, 0] == pytest.approx(np.full(7, 0.01), abs=1e-17)
    wanted = [(2.0 + (at + 1) ** 2) / (2.0 + at * at) - 1.0 for at in range(7)]
    assert found.sizes[:, 1].tolist() == wanted
    assert (found.skipped, found.anchor) == (0, 7)


@pytest.mark.parametrize(("overlapping", "count"), [(True, 5), (False, 2)])
def test_horizons_overlap_or_follow_one_another(overlapping: bool, count: int) -> None:
    asked = window(horizon_days=3, overlapping=overlapping)
    found = historical.moves(NAMES, [ABSOLUTE, ABSOLUTE], DAYS, LEVELS, asked)
    assert len(found.end) == count
    assert found.sizes[:, 0] == pytest.approx(np.full(count, 0.03), abs=1e-16)
    shared = set(found.begin[1:].tolist()) - set(found.end.tolist())
    assert bool(shared) == overlapping


def test_demeaned_moves_have_no_mean() -> None:
    found = historical.moves(NAMES, [ABSOLUTE, RELATIVE], DAYS, LEVELS, window(demean=True))
    assert np.abs(found.sizes.mean(axis=0)).max() < 1e-16


def test_a_missing_day_is_skipped_and_never_bridged() -> None:
    levels = LEVELS.copy()
    levels[3, 1] = np.nan
    asked = window(missing=MissingDays.SKIP)
    found = historical.moves(NAMES, [ABSOLUTE, ABSOLUTE], DAYS, levels, asked)
    assert found.begin.tolist() == [0, 1, 4, 5, 6]
    assert found.skipped == 2


def late(start: int) -> np.ndarray:
    levels = np.vstack([LEVELS, LEVELS])
    levels[:start, 1] = np.nan
    return levels


LONG = [FIRST + dt.timedelta(days=at) for at in range(16)]


@pytest.mark.parametrize(
    ("asked", "days", "levels", "place", "code"),
    [
        (window(horizon_days=2), DAYS, LEVELS, "horizon_days", "OVERLAP_UNSTATED"),
        (window(horizon_days=0), DAYS, LEVELS, "horizon_days", "HISTORY_INVALID"),
        (window(last=DAYS[0]), DAYS, LEVELS, "window", "TOO_FEW_DAYS"),
        (window(), DAYS, np.where(LEVELS == 6.0, np.nan, LEVELS), "b", "HISTORY_INCOMPLETE"),
        (window(last=LONG[-1], missing=MissingDays.SKIP), LONG, late(9), "b", "HISTORY_INCOMPLETE"),
        (window(missing=MissingDays.SKIP), DAYS, late(16)[:8], "b", "HISTORY_INCOMPLETE"),
        (window(), DAYS, LEVELS - 3.0, "b", "LEVEL_NOT_POSITIVE"),
    ],
)
def test_a_history_that_cannot_give_the_moves_names_the_place(
    asked: Window, days: list[dt.date], levels: np.ndarray, place: str, code: str
) -> None:
    with pytest.raises(HistoryError) as refused:
        historical.moves(NAMES, [ABSOLUTE, RELATIVE], days, levels, asked)
    assert (refused.value.place, refused.value.code) == (place, code)


def test_values_of_currencies_are_crossed_through_the_common_one() -> None:
    pairs = [historical.FxFactor("EUR", "USD"), historical.FxFactor("EUR", "JPY")]
    names, values = historical.values_in("USD", pairs, np.array([[1.0666, 140.66]]))
    assert names == ("EUR", "JPY")
    assert values[0] == pytest.approx([1.0666, 1.0666 / 140.66], rel=1e-15)
    names, values = historical.values_in("USD", pairs[:1], np.array([[1.25]]))
    assert (names, values.tolist()) == (("EUR",), [[1.25]])
    with pytest.raises(ValueError, match="no rate of CHF"):
        historical.values_in("CHF", pairs, np.array([[1.0, 1.0]]))
    other = [*pairs, historical.FxFactor("GBP", "USD")]
    with pytest.raises(ValueError, match="in common"):
        historical.values_in("USD", other, np.array([[1.0, 1.0, 1.0]]))


def document(**changes: Any) -> dict[str, Any]:
    factors = [
        {"part": "PAR_QUOTE", "name": "USD-TREASURY", "currency": "USD", "tenor": "1Y"},
        {"part": "PAR_QUOTE", "name": "USD-TREASURY", "currency": "USD", "tenor": "10Y"},
        {"part": "SPREAD", "currency": "USD", "rating": "BBB"},
        {"part": "FX", "base": "EUR", "quote": "USD"},
    ]
    levels = [
        ["0.040", "0.035", "0.0150", "1.05"],
        ["0.041", "0.036", "0.0165", "1.06"],
        ["0.0405", "0.037", "0.0160", "1.04"],
    ]
    days = ["2022-12-28", "2022-12-29", "2022-12-30"]
    whole = {"format": history.FORMAT, "factors": factors, "days": days, "levels": levels}
    return whole | changes


WHOLE = Window(dt.date(2022, 12, 28), dt.date(2022, 12, 30))
RETURNS = {"RATES": ABSOLUTE, "SPREADS": RELATIVE, "FX": RELATIVE}


def test_the_scenario_of_a_day_moves_the_market_as_the_day_did(
    make_states: Callable[..., States],
) -> None:
    made = history_scenarios.scenarios(history.parse(document()), WHOLE, RETURNS, "USD")
    assert [item["code"] for item in made.scenarios] == ["H20221229", "H20221230"]
    zero = history.with_zero_rates(history.parse(document())).levels
    states = make_states(scenarios=[{"code": "BASE"}, *made.scenarios])
    times = np.array([1.0, 10.0])
    moved = states.zero_rates("USD-TREASURY", times, 1) - states.zero_rates(
        "USD-TREASURY", times, 0
    )
    assert moved == pytest.approx(zero[1, :2] - zero[0, :2], abs=1e-12)
    found = parse(made.scenarios[0]).shocks
    spread = found[1]
    # +10% of the level of the last day: 160 bp.
    assert spread.size == pytest.approx(0.1 * 0.0160, abs=1e-12)  # type: ignore[union-attr]
    euro = states.fx_value("EUR")
    assert euro is not None
    assert euro[1] / euro[0] == pytest.approx(1.06 / 1.05, rel=1e-11)


def test_the_example_of_the_page_is_what_is_made() -> None:
    page = Path(__file__).parents[4] / "docs" / "methods" / "scenarios.md"
    assert "the shocks +16.00 bp and −4.85 bp" in page.read_text(encoding="utf-8")
    made = history_scenarios.scenarios(history.parse(document()), WHOLE, RETURNS, "USD")
    sizes = [parse(item).shocks[1].size * 1e4 for item in made.scenarios]  # type: ignore[union-attr]
    assert [round(size, 2) for size in sizes] == [16.0, -4.85]


def test_a_curve_moves_alone_or_its_currency_does() -> None:
    read = history.parse(document())
    alone = history_scenarios.scenarios(read, WHOLE, RETURNS, "USD").scenarios[0]["shocks"][0]
    all_of = history_scenarios.scenarios(read, WHOLE, RETURNS, "USD", rates_move="CURRENCY")
    moved = all_of.scenarios[0]["shocks"][0]
    assert (alone["curve"], moved["currency"]) == ("USD-TREASURY", "USD")
    assert alone["tenors"] == moved["tenors"]
    assert all_of.basis["rates_move"] == "CURRENCY"
    factors = [{**one, "name": f"C{at}"} for at, one in enumerate(document()["factors"][:2])]
    two = document(factors=factors, levels=[["0.01", "0.02"]] * 3)
    with pytest.raises(HistoryError) as refused:
        history_scenarios.scenarios(
            history.parse(two), WHOLE, RETURNS, "USD", rates_move="CURRENCY"
        )
    assert refused.value.code == "FACTOR_TWICE"


def test_the_basis_says_how_the_set_came_about() -> None:
    made = history_scenarios.scenarios(history.parse(document()), WHOLE, RETURNS, "USD")
    wanted = {
        "first_day": "2022-12-28", "last_day": "2022-12-30", "horizon_days": 1,
        "missing_days": "REFUSE", "moves_skipped": 0, "overlapping": False, "demeaned": False,
        "scenarios": 2,
    }  # fmt: skip
    assert {name: made.basis[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("returns", "place", "code"),
    [
        ({"RATES": ABSOLUTE, "FX": RELATIVE}, "SPREADS", "RETURNS_UNSTATED"),
        ({**RETURNS, "EQUITY": RELATIVE}, "EQUITY", "UNKNOWN_FACTOR"),
    ],
)
def test_classes_are_said_and_known(returns: dict[str, Mode], place: str, code: str) -> None:
    with pytest.raises(HistoryError) as refused:
        history_scenarios.scenarios(history.parse(document()), WHOLE, returns, "USD")
    assert (refused.value.place, refused.value.code) == (place, code)


def test_histories_join_over_the_union_of_their_days() -> None:
    one = history.parse(document(factors=[{"part": "FX", "base": "EUR", "quote": "USD"}],
                                 levels=[["1.0"], ["1.1"], ["1.2"]]))  # fmt: skip
    other = history.parse(
        document(
            factors=[{"part": "SPREAD", "currency": "USD", "rating": "A", "sector": "ENERGY"}],
            days=["2022-12-29", "2022-12-31"],
            levels=[["0.01"], ["0.02"]],
        )
    )
    both = history.joined([one, other])
    assert [day.day for day in both.days] == [28, 29, 30, 31]
    assert np.isnan(both.levels).tolist() == [
        [False, True], [False, False], [False, True], [True, False]
    ]  # fmt: skip
    with pytest.raises(HistoryError) as refused:
        history.joined([one, one])
    assert refused.value.code == "FACTOR_TWICE"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"format": "x"}, "format"),
        ({"factors": [{"part": "EQUITY"}]}, "factors[0].part"),
        ({"factors": [{"part": "FX", "base": "EUR"}]}, "factors[0].quote"),
        ({"days": ["2022-12-28", "2022-12-28", "2022-12-30"]}, "days[1]"),
        ({"levels": [["1"], ["1"], ["1"]]}, "levels[0]"),
        ({"levels": []}, "levels"),
    ],
)
def test_a_history_that_is_none_names_the_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(HistoryError) as refused:
        history.parse(document(**changes))
    assert refused.value.place == place
