"""Random derivatives of every kind, and one of each with usual terms to vary."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from pricing.position import PositionInput

FIXED: dict[str, Any] = {
    "rate": "0.04",
    "frequency": "SEMIANNUAL",
    "day_count": "30/360",
    "calendar": "US-GOVT",
}
FLOATING: dict[str, Any] = {
    "index": "TERM_SOFR_3M",
    "day_count": "ACT/360",
    "calendar": "US-GOVT",
}
OVERNIGHT: dict[str, Any] = {
    "index": "SOFR",
    "day_count": "ACT/360",
    "frequency": "ANNUAL",
    "calendar": "US-GOVT",
    "payment_lag_days": 2,
}
EUROS: dict[str, Any] = {
    "index": "EURIBOR_6M",
    "day_count": "ACT/360",
    "frequency": "SEMIANNUAL",
    "calendar": "TARGET",
    "currency": "EUR",
}
LIFE: dict[str, Any] = {
    "start_date": "2022-11-15",
    "maturity_date": "2027-11-15",
    "notional": "1000000",
}
KIND_TERMS: dict[str, dict[str, Any]] = {
    "IRS": {"kind": "IRS", **LIFE, "receive": FIXED, "pay": FLOATING},
    "OIS": {
        "kind": "OIS",
        **LIFE,
        "receive": {**FIXED, "frequency": "ANNUAL", "payment_lag_days": 2},
        "pay": OVERNIGHT,
    },
    "BASIS": {
        "kind": "BASIS",
        **LIFE,
        "receive": FLOATING,
        "pay": {**OVERNIGHT, "frequency": "QUARTERLY", "spread": "0.001"},
    },
    "XCCY": {
        "kind": "XCCY",
        **LIFE,
        "receive": {**FLOATING, "notional": "1066600"},
        "pay": {**EUROS, "notional": "1000000", "spread": "-0.001"},
    },
    "RESETTING": {
        "kind": "XCCY",
        **LIFE,
        "receive": FLOATING,
        "pay": {**EUROS, "frequency": "QUARTERLY", "spread": "-0.001"},
        "resetting": "RECEIVE",
    },
    "FX_SWAP": {
        "kind": "FX_SWAP",
        "bought_currency": "EUR",
        "bought_amount": "1000000",
        "sold_currency": "USD",
        "sold_amount": "1066600",
        "start_date": "2023-01-04",
        "maturity_date": "2023-07-05",
        "far_sold_amount": "1078000",
    },
    "CAP_FLOOR": {"kind": "CAP_FLOOR", **LIFE, "option": "CAP", "strike": "0.02", "leg": EUROS},
    "SWAPTION": {
        "kind": "SWAPTION",
        "option": "PAYER",
        "expiry_date": "2024-11-13",
        "start_date": "2024-11-15",
        "maturity_date": "2029-11-15",
        "notional": "1000000",
        "fixed": FIXED,
        "floating": FLOATING,
    },
    "CDS": {
        "kind": "CDS",
        "protection": "BOUGHT",
        "credit": "ACME-SENIOR",
        "start_date": "2022-12-20",
        "maturity_date": "2027-12-20",
        "notional": "1000000",
        "premium": "0.01",
    },
}
STATES_OF = {"RESETTING": {"resetting_notional": "1050000"}}


def derivatives(rng: np.random.Generator, count: int) -> list[PositionInput]:
    """Return positions of every kind in turn, with dates, rates and holdings of their own."""
    names = list(KIND_TERMS)
    return [_random(rng, i, names[i % len(names)], i // len(names)) for i in range(count)]


def _random(rng: np.random.Generator, i: int, name: str, turn: int) -> PositionInput:
    terms = {**KIND_TERMS[name]}
    start = dt.date(2022, 9, 15) + dt.timedelta(days=int(rng.integers(0, 400)))
    end = start + dt.timedelta(days=int(rng.integers(140, 9000)))
    terms |= {"start_date": start.isoformat(), "maturity_date": end.isoformat()}
    rate = f"{rng.uniform(0.001, 0.07):.5f}"
    if name in ("IRS", "OIS"):
        terms["receive"] = {**terms["receive"], "rate": rate}
        if turn % 2:
            terms["receive"], terms["pay"] = terms["pay"], terms["receive"]
        if turn % 3 == 1:
            terms["collateral_currency"] = "EUR"
    elif name in ("BASIS", "XCCY", "RESETTING"):
        terms["pay"] = {**terms["pay"], "spread": f"{rng.uniform(-0.01, 0.01):.5f}"}
        if turn % 3 == 1:
            terms["collateral_currency"] = "USD"
    elif name == "CAP_FLOOR":
        terms["strike"], terms["option"] = rate, ("CAP", "FLOOR", "COLLAR")[turn % 3]
        if turn % 3 == 2:
            terms["floor_strike"] = "0.0005"
        if turn % 4 == 1:
            terms["leg"] = {**FLOATING}
    elif name == "SWAPTION":
        terms["expiry_date"] = (start - dt.timedelta(days=2)).isoformat()
        terms["option"] = ("PAYER", "RECEIVER")[turn % 2]
        terms["fixed"] = {**FIXED, "rate": rate}
        terms["settlement"] = ("PHYSICAL", "CASH_PAR_YIELD")[turn // 2 % 2]
        if start <= dt.date(2023, 1, 5):
            later = dt.date(2023, 6, 15) + dt.timedelta(days=int(rng.integers(0, 2000)))
            terms["expiry_date"] = terms["start_date"] = later.isoformat()
            terms["maturity_date"] = (later + dt.timedelta(days=1900)).isoformat()
    elif name == "CDS":
        terms["premium"] = rate
        terms["integration"] = ("ISDA", "MID_POINT")[turn % 2]
        terms["day_count"] = ("ACT/360", "ACT/365F")[turn // 2 % 2]
    elif name == "FX_SWAP":
        terms["far_sold_amount"] = f"{rng.uniform(1e6, 1.2e6):.2f}"
    state = dict(STATES_OF.get(name, {}))
    if turn % 2:
        state["quantity"] = f"{rng.uniform(-1e6, 3e6):.2f}"
    return PositionInput(f"D{i}", "DERIVATIVE", ("USD", "EUR")[i // 3 % 2], _own(terms), state)


def _own(terms: dict[str, Any]) -> dict[str, Any]:
    """Return terms whose legs name their currency: the position may be in another."""
    named = {
        side: {"currency": "USD", **leg} if isinstance(leg, dict) else leg
        for side, leg in terms.items()
    }
    if named["kind"] == "CDS":
        named["currency"] = "USD"
    return named
