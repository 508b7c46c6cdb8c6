"""Random commitments as legs of QuantLib: drawn balances on an index, undrawn ones at the fee."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Cell
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

from tests.unit.pricing.pricers.test_notes_against_quantlib import (  # isort: skip
    DAY, GOVT, SPREAD, curve, evaluated, market, open_days, p_date, q_date,
)  # fmt: skip

__all__ = ["evaluated"]
COUNT = 60
COMMITMENT = 50e6


def facility(rng: random.Random, number: int) -> tuple[PositionInput, ql.Schedule]:
    """Return a revolver with a random path, and its schedule in QuantLib."""
    start = q_date(dt.date(2022, rng.randrange(9, 13), rng.randrange(1, 29)))
    start = GOVT.adjust(start, ql.Following)
    maturity = start + ql.Period(rng.randrange(2, 24) * 3, ql.Months)
    due = ql.Schedule(
        start, maturity, ql.Period(3, ql.Months), GOVT, ql.ModifiedFollowing,
        ql.ModifiedFollowing, ql.DateGeneration.Forward, False,
    )  # fmt: skip
    unrolled = start + ql.Period(3, ql.Months)
    terms = {
        "start_date": p_date(start).isoformat(),
        "first_payment_date": p_date(unrolled).isoformat(),
        "payment_day": p_date(start).day,
        "maturity_date": p_date(maturity).isoformat(),
        "commitment": repr(COMMITMENT),
        "interest_basis": "ACT/360",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
        "accrual_dates": "ADJUSTED",
        "index": "INDEX",
        "margin": repr(round(rng.uniform(0.0175, 0.045), 5)),
        "fees": {"commitment": repr(round(rng.uniform(0.002, 0.005), 5))},
        "utilisation": {
            "kind": "VECTOR",
            "levels": [repr(round(rng.uniform(0.0, 1.0), 3)) for _ in range(rng.randrange(1, 9))],
        },
    }
    state = {
        "outstanding_principal": repr(round(rng.uniform(0.0, COMMITMENT), 2)),
        "spread": repr(SPREAD),
    }
    return PositionInput(f"R{number}", "REVOLVER", "USD", terms, state), due


def delayed(position: PositionInput, due: ql.Schedule) -> PositionInput:
    """Return the revolver as a delayed draw: a path that only rises, and ends with what is drawn.

    No draw is possible from a period's start on, one after the last level.
    """
    tonight = float(position.state["outstanding_principal"]) / COMMITMENT
    levels = [float(level) for level in position.terms["utilisation"]["levels"]]
    rising = sorted(tonight + level * (1.0 - tonight) for level in levels)
    periods = len(due) - 1
    end = min(now(due) + 1 + len(rising), periods)
    rising = rising[: max(end - now(due) - 1, 0)] or [tonight]
    unrolled = next(iter(due)) + ql.Period(3 * end, ql.Months)
    terms = {
        **position.terms,
        "fees": {"ticking": position.terms["fees"]["commitment"]},
        "utilisation": {"kind": "VECTOR", "levels": [repr(level) for level in rising]},
        "availability_end": p_date(unrolled).isoformat(),
    }
    return PositionInput("D", "DELAYED_DRAW", "USD", terms, position.state)


def now(due: ql.Schedule) -> int:
    """Return the period of tonight."""
    return next(k for k, end in enumerate(list(due)[1:]) if end > q_date(DAY))


def drawn(position: PositionInput, due: ql.Schedule) -> list[float]:
    """Return what is drawn in each period of the schedule, from the agreement."""
    levels = [float(level) for level in position.terms["utilisation"]["levels"]]
    tonight = float(position.state["outstanding_principal"])
    begun = now(due)
    return [
        tonight if k <= begun else levels[min(k - begun - 1, len(levels) - 1)] * COMMITMENT
        for k in range(len(due) - 1)
    ]


def legs(
    position: PositionInput, due: ql.Schedule, rate: Callable[[Any], float], index: Any
) -> list[tuple[ql.Date, float]]:
    """Return day and amount of every payment of the legs after the valuation date."""
    balances = drawn(position, due)
    margin = float(position.terms["margin"])
    fee = float(next(iter(position.terms["fees"].values())))
    if isinstance(index, ql.OvernightIndex):
        interest = ql.OvernightLeg(
            balances, due, index, ql.Actual360(), ql.ModifiedFollowing, [1.0], [margin]
        )
    else:
        interest = ql.IborLeg(
            balances, due, index, ql.Actual360(), ql.ModifiedFollowing, [2], [1.0], [margin]
        )
    lapse = position.terms.get("availability_end")
    starts = [next(iter(due)) + ql.Period(3 * k, ql.Months) for k in range(len(balances))]
    undrawn = [
        COMMITMENT - balance if lapse is None or p_date(start).isoformat() < lapse else 0.0
        for start, balance in zip(starts, balances, strict=True)
    ]
    fees = ql.FixedRateLeg(due, ql.Actual360(), undrawn, [fee], ql.ModifiedFollowing)
    paid = [(flow.date(), flow.amount()) for flow in fees]
    for flow in interest:
        coupon = ql.as_floating_rate_coupon(flow)
        if coupon.date() > q_date(DAY):
            amount = coupon.nominal() * (rate(coupon) + margin) * coupon.accrualPeriod()
            paid.append((coupon.date(), amount))
    for end, before, after in zip(list(due)[1:], balances, [*balances[1:], 0.0], strict=True):
        paid.append((end, before - after))
    return [(day, amount) for day, amount in paid if day > q_date(DAY)]


@pytest.mark.parametrize("kind", ["TERM", "OVERNIGHT"])
@pytest.mark.parametrize("product_type", ["REVOLVER", "DELAYED_DRAW"])
def test_commitments_are_worth_their_legs_in_quantlib(
    product_type: str, kind: str, make_states: Callable[..., States]
) -> None:
    rng = random.Random(7)
    fixings = [(d, round(rng.uniform(0.03, 0.05), 5)) for d in open_days(dt.date(2022, 8, 1), DAY)]
    forward = curve()
    if kind == "TERM":
        index = ql.IborIndex(
            "INDEX", ql.Period(3, ql.Months), 2, ql.USDCurrency(), GOVT, ql.ModifiedFollowing,
            True, ql.Actual360(), forward,
        )  # fmt: skip
    else:
        index = ql.OvernightIndex("INDEX", 0, ql.USDCurrency(), GOVT, ql.Actual360(), forward)
        fixings = fixings[:-1]
    for day, level in fixings:
        index.addFixing(q_date(day), level)
    spreaded = ql.ZeroSpreadedTermStructure(
        forward, ql.QuoteHandle(ql.SimpleQuote(SPREAD)), ql.Continuous, ql.NoFrequency,
        ql.Actual365Fixed(),
    )  # fmt: skip
    spreaded.enableExtrapolation()

    def rate(coupon: Any) -> float:
        if kind == "TERM":
            return float(index.fixing(coupon.fixingDate()))
        return float(coupon.rate()) - float(coupon.spread())

    cases = [facility(rng, number) for number in range(COUNT)]
    if product_type == "DELAYED_DRAW":
        cases = [(delayed(position, due), due) for position, due in cases]
    states = make_states(market(fixings, kind), [{"code": "BASE"}], ["PV"])
    packed = product(product_type).pack([position for position, _ in cases], Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None] * COUNT
    place = states.axis.places[Cell("PV", "BASE")]
    for row, (position, due) in zip(valued.values, cases, strict=True):
        paid = legs(position, due, rate, index)
        wanted = sum(amount * spreaded.discount(day) for day, amount in paid)
        scale = sum(abs(amount) for _, amount in paid)
        assert row[place] == pytest.approx(wanted, abs=1e-12 * scale), position.terms
