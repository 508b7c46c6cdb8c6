"""Derivative exposure: offsets, margin and what is refused, against the standard's own examples."""

import dataclasses

import pytest

from pricing.capital import rulebook, saccr
from pricing.capital.errors import CapitalError

RULES = {one.label: one for one in rulebook.bundled()}["basel3.saccr@2023"]
SWAP = saccr.Trade("IR", "USD", 10_000.0, 1.0, 10.0, 0.0, 10.0)


def test_interest_rate_example_of_the_standard() -> None:
    # BCBS 279 annex 4a, example 1: two swaps and a swaption, thousand USD; EAD 569.
    delta = saccr.option_delta(
        RULES, "IR", price=0.06, strike=0.05, years=1.0, sold=False, put=True
    )
    assert delta == pytest.approx(-0.27, abs=0.005)
    trades = [
        SWAP,
        saccr.Trade("IR", "USD", 10_000.0, -1.0, 4.0, 0.0, 4.0),
        saccr.Trade("IR", "EUR", 5_000.0, delta, 11.0, 1.0, 11.0),
    ]
    found = saccr.exposure(RULES, trades, value=60.0)
    assert found.add_on == pytest.approx(347.0, abs=1.0)
    assert found.exposure == pytest.approx(569.0, abs=1.0)


def test_credit_example_of_the_standard() -> None:
    # BCBS 279 annex 4a, example 2: two names and an index, thousand USD; EAD 381.
    trades = [
        saccr.Trade("CREDIT", "A", 10_000.0, 1.0, 3.0, 0.0, 3.0, "AA"),
        saccr.Trade("CREDIT", "B", 10_000.0, -1.0, 6.0, 0.0, 6.0, "BBB"),
        saccr.Trade("CREDIT", "IG", 10_000.0, 1.0, 5.0, 0.0, 5.0, "INDEX_IG"),
    ]
    found = saccr.exposure(RULES, trades, value=-20.0)
    assert found.add_on == pytest.approx(282.0, abs=1.0)
    assert found.multiplier == pytest.approx(0.965, abs=0.001)
    assert found.exposure == pytest.approx(381.0, abs=1.0)


def test_opposite_trades_of_a_pair_leave_no_add_on() -> None:
    one = saccr.Trade("FX", "EURUSD", 100.0, 1.0, 1.0)
    found = saccr.exposure(RULES, [one, dataclasses.replace(one, delta=-1.0)], value=0.0)
    assert found.exposure == 0.0
    alone = saccr.exposure(RULES, [one], value=0.0)
    assert alone.exposure == pytest.approx(1.4 * 4.0)


def test_margined_set_is_not_above_the_same_set_without_margin() -> None:
    loose = saccr.Margin(1e9, 0.0, 0.0, 10.0)
    plain = saccr.exposure(RULES, [SWAP], value=50.0)
    assert saccr.exposure(RULES, [SWAP], value=50.0, margin=loose) == plain
    tight = saccr.Margin(0.0, 5.0, 0.0, 10.0)
    found = saccr.exposure(RULES, [SWAP], value=50.0, collateral=50.0, margin=tight)
    assert found.exposure < plain.exposure
    assert found.replacement_cost == 5.0


def test_collateral_in_excess_lowers_the_multiplier_to_its_floor() -> None:
    some = saccr.exposure(RULES, [SWAP], value=0.0, collateral=300.0)
    assert 0.05 < some.multiplier < 1.0
    much = saccr.exposure(RULES, [SWAP], value=0.0, collateral=1e9)
    assert much.multiplier == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"notional": -1.0}, "trades[0].notional"),
        ({"delta": 2.0}, "trades[0].delta"),
        ({"asset_class": "WEATHER"}, "trades[0].asset_class"),
        ({"end": 0.0}, "trades[0].end"),
        (
            {"asset_class": "CREDIT", "subclass": "NR"},
            "basel3.saccr@2023.credit_factor",
        ),
    ],
)
def test_bad_trade_is_refused_by_place(changed: dict[str, object], place: str) -> None:
    with pytest.raises(CapitalError) as refused:
        saccr.exposure(RULES, [dataclasses.replace(SWAP, **changed)], value=0.0)  # type: ignore[arg-type]
    assert refused.value.place == place
