"""Peak memory of 100,000 positions x 100 scenarios, of every product.

Contracts are the 600 varied ones of the tests of bits, repeated. A product that would take longer
than TIEOUT_BENCH_SECONDS is measured on n, 2 n and 4 n positions of 3 contracts instead, which
fill the chunks of their groups as 100,000 do: what is held beside the result, 8 bytes a cell, must
then be the same for 2 n and 4 n, and the result of 100,000 is added to it.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.products.registry import PRODUCTS, product
from pricing.scenarios import States, parse
from tests.unit.pricing import test_bits as contracts
from tests.unit.pricing.conftest import DAY, MARKET

WANTED = 100_000
SCENARIO_COUNT = 100
SECONDS = float(os.environ.get("TIEOUT_BENCH_SECONDS", "60"))
MEASURES = ("PV", "ACCRUED", "DV01", "KEY_RATE_DV01", "CS01", "NOTIONAL")
FEW = 3
SAME = 0.1
"""How far what is held beside the result may grow while positions double."""


def states() -> States:
    """Return parallel shifts of every curve, and the sensitivities of the first scenario."""
    shifts = np.linspace(-0.01, 0.02, SCENARIO_COUNT - 1)
    scenarios = [parse({"code": "BASE"})] + [
        parse({"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{shift:.6f}"}]})
        for i, shift in enumerate(shifts)
    ]
    codes = [scenario.code for scenario in scenarios]
    cells = default_cells(MEASURES, codes, ["USD", "EUR"], "USD")
    return States(snapshot.parse(MARKET), scenarios, Axis(cells, DAY, "USD"))


def packed(product_type: str) -> Batch:
    """Return the varied contracts that can be valued."""
    rng = np.random.default_rng(20221230)
    make: dict[str, Any] = {
        "ABS_MBS": contracts.pools,
        "AMORT_LOAN": contracts.loans,
        "CALLABLE_BOND": contracts.callables,
        "DERIVATIVE": lambda rng: contracts.derivatives(rng, contracts.COUNT),
        "DELAYED_DRAW": lambda rng: contracts.facilities(rng, "DELAYED_DRAW", 7),
        "FIXED_BOND": contracts.bonds,
        "FLOATING_NOTE": contracts.notes,
        "FX_FWD": contracts.forwards,
        "INFLATION_BOND": contracts.linkers,
        "REVOLVER": lambda rng: contracts.facilities(rng, "REVOLVER", 1),
        "STRUCTURED": contracts.tranches,
        "ZERO_COUPON": contracts.papers,
    }
    return product(product_type).pack(make[product_type](rng), Names()).batch


def measured(batch: Batch, count: int, prepared: States) -> tuple[float, float]:
    """Return peak megabytes and CPU seconds of one valuation of so many positions."""
    rows = batch.take(np.arange(count) % len(batch))
    tracemalloc.start()
    begun = time.process_time()
    valuation.value(rows, prepared)
    seconds = time.process_time() - begun
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak, seconds


@pytest.mark.parametrize("product_type", sorted(PRODUCTS))
def test_peak_memory_of_a_hundred_thousand_positions(
    product_type: str, record_property: Any
) -> None:
    batch, prepared = packed(product_type), states()
    valuation.value(batch.take(np.arange(50)), prepared)
    result = WANTED * len(prepared.axis) * 8 / 1e6
    each = 0.0
    for count in (len(batch), 10 * len(batch)):
        _, seconds = measured(batch, count, prepared)
        each = seconds / count
        if seconds > SECONDS / 50:
            break
    if each * WANTED <= SECONDS:
        peak, seconds = measured(batch, WANTED, prepared)
        how = f"measured in {seconds:.0f} s"
    else:
        least = max(int(SECONDS / 7 / each), 300)
        few = batch.take(np.arange(FEW))
        first, second, third = (
            measured(few, count, prepared)[0] - count * len(prepared.axis) * 8 / 1e6
            for count in (least, 2 * least, 4 * least)
        )
        assert third <= second * (1 + SAME), (first, second, third)
        peak = result + third
        how = (
            f"beside the result {first:,.0f}, {second:,.0f} and {third:,.0f} MB for {least:,}, "
            f"{2 * least:,} and {4 * least:,} positions"
        )
    record_property(f"{product_type}.peak_mb", round(peak))
    print(
        f"\n{product_type}: {WANTED:,} x {SCENARIO_COUNT} peak {peak:,.0f} MB, of which the result "
        f"{result:,.0f} MB ({how})"
    )
