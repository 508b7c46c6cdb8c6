"""Time value of floors and caps: what it needs, what it is worth, what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.failure import Failure
from pricing.position import PositionInput
from pricing.pricers.contract import Valued
from pricing.products.registry import product
from pricing.scenarios import States

Position = Callable[..., PositionInput]
MakeStates = Callable[..., States]

LIMITS = {"floor": "0.05", "cap": "0.06", "index_floor": "0.01"}
LOAN = {
    "start_date": "2022-11-15",
    "first_payment_date": "2023-02-15",
    "original_principal": "1000000",
    "interest_basis": "ACT/360",
    "frequency": "QUARTERLY",
    "payments": 20,
    "amortisation": "LINEAR",
    "rate": None,
    "floating": {"index": "TERM_SOFR_3M", "margin": "0.01", **LIMITS},
}


@pytest.fixture
def quoted(full: dict[str, Any]) -> dict[str, Any]:
    """The market with a surface of dollar caps, with a smile."""
    full["volatilities"].append(
        {
            "name": "USD-CAP", "currency": "USD", "kind": "CAP", "model": "NORMAL",
            "expiries": ["1Y", "5Y"], "strikes": ["0.02", "0.05"],
            "values": [["0.012", "0.010"], ["0.010", "0.009"]],
        }
    )  # fmt: skip
    return full


def chosen(product_type: str, model: str, volatility: str | None = None) -> dict[str, Any]:
    choice = {"option_model": model} | ({"volatility": volatility} if volatility else {})
    if product_type == "AMORT_LOAN":
        return {**LOAN, "floating": {**LOAN["floating"], **choice}}  # type: ignore[dict-item]
    if product_type == "REVOLVER":
        return {"index": "TERM_SOFR_3M", "margin": "0.01", **LIMITS, **choice}
    return {"index": "TERM_SOFR_3M", "margin": "0.01", "fixed_until": None, "fixed_coupon": None,
            **LIMITS, **choice}  # fmt: skip


def valued(states: States, *positions: PositionInput) -> Valued:
    packed = product(positions[0].product_type).pack(positions, Names())
    return valuation.value(packed.batch, states)


PRODUCTS = ("AMORT_LOAN", "FLOATING_NOTE", "REVOLVER")


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_intrinsic_is_the_default_and_a_surface_changes_no_bit_of_it(
    product_type: str, quoted: dict[str, Any], make_states: MakeStates, position: Position
) -> None:
    explicit = position(product_type, chosen(product_type, "INTRINSIC"))
    terms = chosen(product_type, "INTRINSIC")
    (terms["floating"] if product_type == "AMORT_LOAN" else terms).pop("option_model")
    silent = position(product_type, terms)
    bare = {**quoted, "volatilities": []}
    with_surface = valued(make_states(quoted), explicit, silent)
    without = valued(make_states(bare), explicit, silent)
    assert with_surface.failures == without.failures == [None, None]
    np.testing.assert_array_equal(with_surface.values, without.values)
    np.testing.assert_array_equal(without.values[0], without.values[1])


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_time_value_moves_with_volatility_and_is_named_as_used(
    product_type: str, quoted: dict[str, Any], make_states: MakeStates, position: Position
) -> None:
    terms = chosen(product_type, "VOLATILITY")
    limits = terms["floating"] if product_type == "AMORT_LOAN" else terms
    limits["cap"] = None
    shocks = [{"risk": "VOLATILITY", "size": "0.001"}]
    scenarios = [{"code": "BASE"}, {"code": "UP", "shocks": shocks}]
    states = make_states(quoted, scenarios, ["PV", "VEGA"])
    found = valued(states, position(product_type, terms))
    assert found.failures == [None]
    cells = {str(cell): float(found.values[0, i]) for i, cell in enumerate(states.axis.cells)}
    limits["option_model"] = "INTRINSIC"
    intrinsic = valued(states, position(product_type, terms)).values[0, 0]
    assert cells["PV@UP"] > cells["PV@BASE"] > intrinsic
    # Ten units of 1bp: the value of a floor is nearly linear in volatility.
    assert cells["PV@UP"] - cells["PV@BASE"] == pytest.approx(10.0 * cells["VEGA@BASE"], rel=0.2)
    names = found.dependency_names[int(found.dependencies[0])]
    assert "volatility/USD-CAP" in names


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_without_volatility_time_value_is_none(
    product_type: str, quoted: dict[str, Any], make_states: MakeStates, position: Position
) -> None:
    for surface in quoted["volatilities"]:
        surface["values"] = [["0"] * len(row) for row in surface["values"]]
    states = make_states(quoted, measures=["PV"])
    pair = [position(product_type, chosen(product_type, m)) for m in ("INTRINSIC", "VOLATILITY")]
    found = valued(states, *pair)
    assert found.failures == [None, None]
    np.testing.assert_allclose(found.values[0], found.values[1], atol=1e-5, rtol=0.0)


@pytest.mark.parametrize("product_type", PRODUCTS)
@pytest.mark.parametrize(
    ("volatility", "surfaces", "code", "named"),
    [
        pytest.param(None, "none", "UNKNOWN_VOLATILITY", "kind CAP for USD", id="no_surface"),
        pytest.param(
            "USD-SWAPTION", "all", "UNKNOWN_VOLATILITY", "USD-SWAPTION", id="of_swaptions"
        ),
        pytest.param("EUR-CAP", "all", "UNKNOWN_VOLATILITY", "EUR-CAP", id="of_euros"),
        pytest.param("CAPS", "all", "UNKNOWN_VOLATILITY", "CAPS", id="unknown"),
        pytest.param(None, "two", "UNKNOWN_VOLATILITY", "single surface", id="ambiguous"),
        pytest.param(None, "lognormal", "RATE_OUT_OF_RANGE", "USD-CAP", id="floor_below_0"),
    ],
)
def test_a_limit_without_its_volatility_fails_and_its_neighbour_does_not(
    product_type: str,
    volatility: str | None,
    surfaces: str,
    code: str,
    named: str,
    quoted: dict[str, Any],
    make_states: MakeStates,
    position: Position,
) -> None:
    found = quoted["volatilities"]
    terms = chosen(product_type, "VOLATILITY", volatility)
    if surfaces == "none":
        quoted["volatilities"] = []
    elif surfaces == "two":
        quoted["volatilities"] = [*found, {**found[-1], "name": "USD-CAP-OTHER"}]
    elif surfaces == "lognormal":
        found[-1] |= {"model": "LOGNORMAL"}
        limits = terms["floating"] if product_type == "AMORT_LOAN" else terms
        limits |= {"floor": None, "index_floor": "-0.01"}
    states = make_states(quoted)
    good = position(product_type, chosen(product_type, "INTRINSIC"))
    alone = valued(states, good)
    both = valued(states, position(product_type, terms), good)
    failure = both.failures[0]
    assert isinstance(failure, Failure)
    assert (failure.code, named in failure.message) == (code, True), failure
    assert both.failures[1] is None
    np.testing.assert_array_equal(both.values[1], alone.values[0])


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_time_value_has_the_same_bits_alone_and_under_fewer_scenarios(
    product_type: str, quoted: dict[str, Any], make_states: MakeStates, position: Position
) -> None:
    rates = ["0.01", "0.0125", "0.02"]
    positions = []
    for margin in rates:
        terms = chosen(product_type, "VOLATILITY")
        (terms["floating"] if product_type == "AMORT_LOAN" else terms)["margin"] = margin
        positions.append(position(product_type, terms))
    states = make_states(quoted)
    together = valued(states, *positions)
    backwards = valued(states, *positions[::-1])
    np.testing.assert_array_equal(together.values, backwards.values[::-1])
    for row, one in enumerate(positions):
        np.testing.assert_array_equal(valued(states, one).values[0], together.values[row])
    base = make_states(quoted, [{"code": "BASE"}])
    alone = valued(base, *positions)
    for cell, place in base.axis.places.items():
        there = states.axis.places.get(cell)
        if there is not None:
            np.testing.assert_array_equal(alone.values[:, place], together.values[:, there])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"amortisation": "LEVEL_PAY"}, id="level_pay"),
        pytest.param({"floating": {"periodic_cap": "0.02"}}, id="periodic_cap"),
        pytest.param({"grace_payments": 2}, id="grace"),
        pytest.param({"floating": {"margin_steps": [["2023-05-15", "0.02"]]}}, id="margin_steps"),
    ],
)
def test_time_value_of_a_limit_that_moves_the_balance_is_refused(
    change: dict[str, Any], position: Position, quoted: dict[str, Any], make_states: MakeStates
) -> None:
    terms = chosen("AMORT_LOAN", "VOLATILITY")
    floating = {**terms["floating"], **change.get("floating", {})}
    bad = position("AMORT_LOAN", {**terms, **change, "floating": floating})
    found = valued(make_states(quoted, measures=["PV"]), bad).failures[0]
    assert isinstance(found, Failure)
    assert (found.code, "terms.floating.option_model" in found.message) == ("TERMS_INVALID", True)


def test_a_surface_named_for_intrinsic_limits_is_refused(position: Position) -> None:
    for product_type, field in (
        ("AMORT_LOAN", "terms.floating.volatility"),
        ("FLOATING_NOTE", "terms.volatility"),
        ("REVOLVER", "terms.volatility"),
    ):
        bad = position(product_type, chosen(product_type, "INTRINSIC", "USD-CAP"))
        failure = product(product_type).pack([bad], Names()).failures[0]
        assert failure is not None
        assert (failure.code, field in failure.message) == ("TERMS_INVALID", True)


def test_a_facility_on_a_swap_rate_is_refused(
    quoted: dict[str, Any], make_states: MakeStates, position: Position
) -> None:
    bad = position("REVOLVER", {"index": "USD_CMS_10Y"})
    failure = valued(make_states(quoted, measures=["PV"]), bad).failures[0]
    assert isinstance(failure, Failure)
    assert (failure.code, "USD_CMS_10Y" in failure.message) == ("UNKNOWN_INDEX", True)
