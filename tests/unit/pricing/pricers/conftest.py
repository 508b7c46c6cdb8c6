"""Derivatives priced beside QuantLib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests.quantlib_derivatives import evaluated

MEASURES = ("PV", "DV01", "KEY_RATE_DV01", "PAR_RATE", "ACCRUED", "CLEAN_PV", "FX_EXPOSURE",
            "FX_DELTA", "VEGA", "CS01_PAR", "NOTIONAL")  # fmt: skip


@pytest.fixture
def quantlib() -> Iterator[None]:
    """QuantLib's global state for the valuation day."""
    with evaluated():
        yield


@pytest.fixture
def values(
    quantlib: None, make_states: Callable[..., States]
) -> Callable[..., list[dict[str, float]]]:
    """The cells of derivatives in dollars, priced in one batch."""

    def run(
        contracts: Sequence[Mapping[str, Any]],
        market: Mapping[str, Any],
        scenarios: Sequence[Mapping[str, Any]] = ({"code": "BASE"},),
        **options: Any,
    ) -> list[dict[str, float]]:
        states = make_states(market, scenarios, MEASURES, **options)
        inputs = [
            PositionInput(str(i), "DERIVATIVE", "USD", terms, {})
            for i, terms in enumerate(contracts)
        ]
        packed = product("DERIVATIVE").pack(inputs, Names())
        assert packed.failures == [None] * len(inputs)
        valued = valuation.value(packed.batch, states)
        assert valued.failures == [None] * len(inputs)
        amounts = valuation.convert(valued, states)
        return [
            {str(cell): float(row[i]) for i, cell in enumerate(states.axis.cells)}
            for row in amounts
        ]

    return run
