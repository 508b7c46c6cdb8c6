"""Revolvers per second beside QuantLib-Python's legs in the same process.

One valuation is one revolver under one scenario. Ours is the whole library call, from packed terms
to values; QuantLib's is the value of ready legs (drawn balances on an index, undrawn ones at the
fee, drawings as single flows), each scenario relinking one curve. CPU time, best of several.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import QuantLib as ql

from pricing import valuation
from pricing.position import PositionInput
from tests.benchmarks.test_bonds_and_notes import (
    AS_OF,
    GOVT,
    OURS,
    SCENARIOS,
    THEIRS,
    Peer,
    best,
    packed,
    ql_date,
    states,
)  # fmt: skip

COMMITMENT = 5e7
LEVELS = (0.35, 0.4, 0.45, 0.42, 0.38)


def revolver(rng: np.random.Generator, number: int) -> PositionInput:
    quarters = int(rng.integers(2, 21))
    month = 11 + 3 * quarters
    terms = {
        "start_date": "2022-11-15",
        "first_payment_date": "2023-02-15",
        "maturity_date": f"{2022 + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}-15",
        "commitment": repr(COMMITMENT),
        "interest_basis": "ACT/360",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
        "accrual_dates": "ADJUSTED",
        "index": "TERM_3M",
        "margin": f"{rng.uniform(0.0175, 0.045):.5f}",
        "fees": {"commitment": "0.00375"},
        "utilisation": {"kind": "VECTOR", "levels": [repr(level) for level in LEVELS]},
    }
    state = {"outstanding_principal": f"{rng.uniform(1.5e7, 2.5e7):.2f}", "spread": "0.01"}
    return PositionInput(f"R{number}", "REVOLVER", "USD", terms, state, "A", "ALL")


def legs(peer: Peer) -> list[tuple[Any, ...]]:
    """Return the legs of QuantLib's revolvers on the peer's curve."""
    index = ql.IborIndex(
        "TERM_3M", ql.Period(3, ql.Months), 2, ql.USDCurrency(), GOVT, ql.ModifiedFollowing,
        True, ql.Actual360(), peer.handle,
    )  # fmt: skip
    for back in range(120, -1, -1):
        day = ql_date(AS_OF - dt.timedelta(days=back))
        if GOVT.isBusinessDay(day):
            index.addFixing(day, 0.045, True)
    rng = np.random.default_rng(1)
    found = []
    for number in range(THEIRS):
        position = revolver(rng, number)
        terms = position.terms
        due = ql.Schedule(
            ql_date(dt.date.fromisoformat(terms["start_date"])),
            ql_date(dt.date.fromisoformat(terms["maturity_date"])), ql.Period(3, ql.Months),
            GOVT, ql.ModifiedFollowing, ql.ModifiedFollowing, ql.DateGeneration.Backward, False,
        )  # fmt: skip
        later = [LEVELS[min(k, len(LEVELS) - 1)] * COMMITMENT for k in range(len(due) - 2)]
        balances = [float(position.state["outstanding_principal"]), *later]
        interest = ql.IborLeg(
            balances, due, index, ql.Actual360(), ql.ModifiedFollowing, [2], [1.0],
            [float(terms["margin"])],
        )  # fmt: skip
        undrawn = [COMMITMENT - balance for balance in balances]
        fees = ql.FixedRateLeg(due, ql.Actual360(), undrawn, [0.00375], ql.ModifiedFollowing)
        moves = [
            ql.SimpleCashFlow(before - after, day)
            for day, before, after in zip(
                list(due)[1:], balances, [*balances[1:], 0.0], strict=True
            )
        ]
        found.append((interest, fees, ql.Leg(moves)))
    return found


def test_revolvers_per_second(record_property: Any) -> None:
    peer = Peer()
    spread = ql.QuoteHandle(ql.SimpleQuote(0.01))
    credit = ql.YieldTermStructureHandle(ql.ZeroSpreadedTermStructure(peer.handle, spread))
    theirs_of = legs(peer)

    def value_theirs() -> list[float]:
        totals = []
        for curve in peer.curves:
            peer.handle.linkTo(curve)
            totals.append(
                sum(ql.CashFlows.npv(leg, credit, False) for one in theirs_of for leg in one)
            )
        return totals

    theirs = THEIRS * SCENARIOS / best(value_theirs)
    batch, prepared = packed(revolver), states(("PV",))
    valued = valuation.value(batch, prepared)
    # QuantLib's legs project over the coupon's days and not the deposit's: nearly the same worth.
    wanted = np.array(value_theirs())
    assert np.allclose(valued.values[:THEIRS].sum(axis=0), wanted, rtol=1e-4)
    ours = OURS * SCENARIOS / best(lambda: valuation.value(batch, prepared))
    record_property("REVOLVER.ratio", ours / theirs)
    print(f"\nREVOLVER: {ours:,.0f} valuations/s, QuantLib {theirs:,.0f}: {ours / theirs:,.0f}")
