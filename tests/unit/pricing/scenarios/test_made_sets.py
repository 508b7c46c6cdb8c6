"""Ladders that add up, and the six shocks of the banking book at their published sizes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.scenarios import ScenarioError, States, irrbb, ladders, parse

TIMES = np.linspace(1.0 / 12.0, 30.0, 721)
EDITIONS = [(dt.date(2025, 12, 31), "BCBS-D368"), (dt.date(2026, 1, 1), "BCBS-D578")]


def test_a_ladder_of_one_direction_adds_up_to_the_parallel_shift(
    make_states: Callable[..., States],
) -> None:
    rungs = ladders.key_rates(DEFAULT_KEY_RATE_TENORS, Decimal(25))
    states = make_states(scenarios=[{"code": "BASE"}, *rungs])
    base = states.zero_rates("USD-TREASURY", TIMES, 0)
    up = [at for code, at in states.places.items() if "_UP_" in code]
    moved = sum(states.zero_rates("USD-TREASURY", TIMES, at) - base for at in up)
    assert len(up) == len(DEFAULT_KEY_RATE_TENORS)
    assert moved == pytest.approx(np.full(len(TIMES), 0.0025), abs=1e-15)


def test_spread_ladders_move_one_rating_each() -> None:
    made = [parse(item) for item in ladders.spreads(("A", "BBB"), Decimal("0.5"))]
    assert [(s.code, s.shocks[0].size) for s in made] == [  # type: ignore[union-attr]
        ("SPREAD_A_UP_0.5", 0.00005),
        ("SPREAD_A_DOWN_0.5", -0.00005),
        ("SPREAD_BBB_UP_0.5", 0.00005),
        ("SPREAD_BBB_DOWN_0.5", -0.00005),
    ]
    with pytest.raises(ScenarioError):
        ladders.spreads((), Decimal(1))


@pytest.mark.parametrize(
    ("day", "currency", "sizes"),
    [
        # BCBS d368, Annex 2, Table 2.
        (EDITIONS[0][0], "USD", (200, 300, 150)),
        (EDITIONS[0][0], "EUR", (200, 250, 100)),
        (EDITIONS[0][0], "IDR", (400, 500, 350)),
        # SRP31.90 as of 2026-01-01 (BCBS d578).
        (EDITIONS[1][0], "USD", (200, 300, 225)),
        (EDITIONS[1][0], "EUR", (225, 350, 200)),
        (EDITIONS[1][0], "GBP", (275, 425, 250)),
        (EDITIONS[1][0], "MXN", (400, 500, 200)),
    ],
)
def test_sizes_are_those_in_force_on_the_day(
    day: dt.date, currency: str, sizes: tuple[int, int, int]
) -> None:
    found = irrbb.edition(day)["shocks_bp"][currency]
    assert (found["parallel"], found["short"], found["long"]) == sizes


@pytest.mark.parametrize(("day", "edition"), EDITIONS)
def test_an_edition_has_21_currencies_and_rounds_as_its_standard_does(
    day: dt.date, edition: str
) -> None:
    rules = irrbb.edition(day)
    assert rules["edition"] == edition
    assert len(rules["shocks_bp"]) == 21
    for sizes in rules["shocks_bp"].values():
        assert 100 <= sizes["parallel"] <= 400
        assert 100 <= sizes["short"] <= 500
        assert 100 <= sizes["long"] <= 350
        assert all(size % 25 == 0 for size in sizes.values())


@pytest.mark.parametrize("kind", irrbb.KINDS)
def test_shocks_on_a_curve_are_the_formulas_of_the_standard(
    kind: str, make_states: Callable[..., States]
) -> None:
    made = irrbb.scenarios(["USD"], EDITIONS[1][0])
    states = make_states(scenarios=[{"code": "BASE"}, *made])
    place = states.places[f"IRRBB_USD_{kind}"]
    moved = states.zero_rates("USD-TREASURY", TIMES, place)
    moved = moved - states.zero_rates("USD-TREASURY", TIMES, 0)
    short = 0.03 * np.exp(-TIMES / 4.0)
    long = 0.0225 * (1.0 - np.exp(-TIMES / 4.0))
    wanted = {
        "PARALLEL_UP": np.full(len(TIMES), 0.02),
        "PARALLEL_DOWN": np.full(len(TIMES), -0.02),
        "STEEPENER": -0.65 * short + 0.9 * long,
        "FLATTENER": 0.8 * short - 0.6 * long,
        "SHORT_UP": short,
        "SHORT_DOWN": -short,
    }[kind]
    assert np.abs(moved - wanted).max() < 2e-5
    euro = states.zero_rates("EUR-GOVERNMENT", TIMES, place)
    assert np.array_equal(euro, states.zero_rates("EUR-GOVERNMENT", TIMES, 0))


def test_the_published_example_of_a_short_shock_holds() -> None:
    rules = irrbb.edition(EDITIONS[0][0])
    sizes = {"parallel": 100.0, "short": 100.0, "long": 100.0}
    # d368, Annex 2: with 100 bp the short shock at 3.5 years is 41.7 bp, the long one 58.3 bp,
    # the steepener 25.4 bp and the flattener -1.6 bp.
    assert irrbb.shift("SHORT_UP", 3.5, sizes, rules) == pytest.approx(41.7, abs=0.05)
    assert 100.0 * (1.0 - math.exp(-3.5 / 4.0)) == pytest.approx(58.3, abs=0.05)
    assert irrbb.shift("STEEPENER", 3.5, sizes, rules) == pytest.approx(25.4, abs=0.05)
    assert irrbb.shift("FLATTENER", 3.5, sizes, rules) == pytest.approx(-1.6, abs=0.05)


def test_a_day_without_an_edition_and_an_unknown_currency_are_refused() -> None:
    with pytest.raises(ScenarioError) as refused:
        irrbb.scenarios(["USD"], dt.date(2015, 1, 1))
    assert refused.value.code == "NO_EDITION"
    with pytest.raises(ScenarioError) as refused:
        irrbb.scenarios(["USD", "NOK"], dt.date(2026, 1, 1))
    assert refused.value.place == "irrbb.NOK"
