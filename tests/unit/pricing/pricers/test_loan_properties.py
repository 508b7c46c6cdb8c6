"""What holds for loans of any terms: contractual flows, strips, limits, sensitivities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.pricing.pricers.loan_cases import S_CURVE, cells, floating, loan, states, valued

STYLES = st.sampled_from(["LEVEL_PAY", "LINEAR", "BULLET"])
INDICES = st.sampled_from(["SOFR", "TERM_SOFR_1M", "PRIME"])
PAYMENTS = st.integers(2, 120)
MEASURES = (
    "PV", "DV01", "KEY_RATE_DV01", "CS01", "CONVEXITY_AMOUNT", "WAL", "FX_EXPOSURE", "ACCRUED",
)  # fmt: skip
PARALLEL = (
    {"code": "BASE"},
    {"code": "RATES+", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
    {"code": "RATES-", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
    {"code": "WIDE+", "shocks": [{"risk": "SPREAD", "size": "0.0001"}]},
    {"code": "WIDE-", "shocks": [{"risk": "SPREAD", "size": "-0.0001"}]},
    {"code": "H+", "shocks": [{"risk": "RATE", "size": "0.0025"}]},
    {"code": "H-", "shocks": [{"risk": "RATE", "size": "-0.0025"}]},
)


@st.composite
def terms(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {
        "payments": draw(PAYMENTS),
        "amortisation": draw(STYLES),
        "rate": f"{draw(st.floats(0.0, 0.12)):.5f}",
        "payment_basis": "30/360",
    }
    if draw(st.booleans()):
        made |= floating(
            index=draw(INDICES),
            margin=f"{draw(st.floats(0.0, 0.06)):.4f}",
            index_floor=draw(st.sampled_from([None, "0", "0.03", "0.045"])),
            cap=draw(st.sampled_from([None, "0.07"])),
        )
        del made["rate"]
    if draw(st.booleans()):
        made["grace_payments"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        made["prepayment"] = draw(
            st.sampled_from(
                [S_CURVE, {"kind": "CPR", "speed": "0.08"}, {"kind": "PSA", "speed": "2"}]
            )
        )
    return made


@settings(max_examples=25, deadline=None)
@given(made=terms())
def test_speeds_of_zero_give_the_contractual_flows(made: dict[str, Any]) -> None:
    contractual = {key: value for key, value in made.items() if key != "prepayment"}
    at = states(measures=MEASURES)
    plain = cells(loan(contractual), at)
    for prepayment in (
        {"kind": "CPR", "speed": "0"},
        {"kind": "PSA", "speed": "0"},
        {"kind": "SMM", "vector": ["0", "0"]},
        {"kind": "CPR", "speed": "0.3", "lock_out_until": "2150-01-01"},
        {**S_CURVE, "curve": {**S_CURVE["curve"], "low": "0", "high": "0"}},  # type: ignore[dict-item]
    ):
        found = cells(loan({**contractual, "prepayment": prepayment}), at)
        for cell, value in plain.items():
            # An S-curve makes sensitivities differences of whole values.
            scale = 1e-2 if "CONVEXITY" in cell else 1e-7
            scale += abs(value) * (1e-4 if "CONVEXITY" in cell else 1e-10)
            assert found[cell] == pytest.approx(value, abs=scale), (cell, prepayment)


@settings(max_examples=25, deadline=None)
@given(made=terms())
def test_interest_and_principal_strips_make_the_whole(made: dict[str, Any]) -> None:
    at = states(measures=("PV", "DV01", "KEY_RATE_DV01", "CS01", "ACCRUED"))
    values, failures = valued(
        [loan({**made, "strip": strip}) for strip in ("WHOLE", "INTEREST", "PRINCIPAL")], at
    )
    assert failures == [None] * 3
    whole, interest, principal = values
    scale = np.abs(whole).max()
    assert np.all(np.abs(interest + principal - whole) <= 1e-11 * scale)


@settings(max_examples=25, deadline=None)
@given(made=terms())
def test_principal_repaid_is_the_notional(made: dict[str, Any]) -> None:
    made.pop("grace_payments", None)
    found = cells(loan(made), states(measures=("PV", "WAL")))
    assert found["PRINCIPAL_FLOWS@BASE"] == pytest.approx(100_000.0, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(made=terms(), low=st.floats(0.0, 0.05), more=st.floats(1e-4, 0.05))
def test_value_falls_as_the_spread_rises(made: dict[str, Any], low: float, more: float) -> None:
    at = states(measures=("PV", "CS01"))
    tight = cells(loan(made, {"spread": f"{low:.6f}"}), at)
    wide = cells(loan(made, {"spread": f"{low + more:.6f}"}), at)
    assert wide["PV@BASE"] < tight["PV@BASE"]
    assert tight["CS01@BASE"] > 0.0


@settings(max_examples=25, deadline=None)
@given(
    index=st.sampled_from(["SOFR", "TERM_SOFR_1M"]),
    style=st.sampled_from(["LINEAR", "BULLET"]),
    strike=st.floats(0.02, 0.06),
    payments=PAYMENTS,
)
def test_floor_less_cap_at_one_strike_is_the_swap(
    index: str, style: str, strike: float, payments: int
) -> None:
    """floored + capped = floating + fixed at the strike: max(L, K) + min(L, K) = L + K."""
    at = states(measures=("PV", "DV01", "CS01"))
    shared = {"amortisation": style, "payments": payments}
    level = f"{strike:.5f}"

    def made(**changes: str) -> Any:
        return loan({**shared, **floating(index=index, margin="0.02", **changes)})

    fixed = made(index_floor=level, index_cap=level)
    values, failures = valued([made(index_floor=level), made(index_cap=level), made(), fixed], at)
    assert failures == [None] * 4
    floored, capped, floats, swap = values
    assert np.all(np.abs(floored + capped - floats - swap) <= 1e-11 * np.abs(floats).max())
    plain = loan({**shared, "rate": f"{float(level) + 0.02:.5f}", "interest_basis": "ACT/360"})
    (direct,), _ = valued([plain], at)
    pv = at.axis.places[at.axis.cells[0]]
    assert swap[pv] == pytest.approx(direct[pv], rel=1e-11)


@settings(max_examples=25, deadline=None)
@given(made=terms())
def test_sensitivities_are_the_differences_of_shocked_values(made: dict[str, Any]) -> None:
    found = cells(loan(made), states(PARALLEL, MEASURES))
    scale = abs(found["PV@BASE"])
    rates = (found["PV@RATES-"] - found["PV@RATES+"]) / 2
    assert found["DV01@BASE/USD"] == pytest.approx(rates, abs=1e-11 * scale)
    assert found["DV01@BASE/ALL"] == pytest.approx(rates, abs=1e-11 * scale)
    spreads = (found["PV@WIDE-"] - found["PV@WIDE+"]) / 2
    assert found["CS01@BASE"] == pytest.approx(spreads, abs=1e-11 * scale)
    second = (found["PV@H-"] + found["PV@H+"] - 2 * found["PV@BASE"]) / 0.0025**2
    # Fixed flows have the derivative itself: (h T)^2 / 12 of it is the difference of the two.
    assert found["CONVEXITY_AMOUNT@BASE"] == pytest.approx(
        second, abs=1e-12 * scale / 0.0025**2 * 4 + abs(second) * 1e-4
    )


@settings(max_examples=25, deadline=None)
@given(made=terms())
def test_key_rates_add_up_to_the_parallel_sensitivity(made: dict[str, Any]) -> None:
    found = cells(loan(made), states(measures=MEASURES))
    ladder = sum(v for cell, v in found.items() if cell.startswith("KEY_RATE_DV01@BASE/USD"))
    # (hT)^2 / 6 for discounting; the S-curve's own curvature in a basis point is of that order.
    tolerance = 2e-6 * abs(found["DV01@BASE/USD"]) + 1e-5
    if made.get("prepayment") == S_CURVE:
        tolerance += 1e-3 * abs(found["DV01@BASE/USD"]) + 1e-2
    limited = made.get("floating", {}).get("index_floor") or made.get("floating", {}).get("cap")
    if limited:
        # A basis point around a floor or cap moves some rates one way only.
        tolerance += 0.5
    assert ladder == pytest.approx(found["DV01@BASE/USD"], abs=tolerance)
