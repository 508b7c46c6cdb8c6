"""Bad terms and states of FX forwards: the code, the field that is named, no neighbour touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import valuation
from pricing.batch import Names
from pricing.failure import Failure
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States

Bad = tuple[str, dict[str, Any], dict[str, Any], str, str]
NDF = {"settlement_currency": "USD", "fixing_date": "2022-12-28", "maturity_date": "2022-12-31"}

CASES: list[Bad] = [
    ("nothing_bought", {"bought_amount": "0"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.bought_amount"),
    ("negative_bought", {"bought_amount": "-1"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.bought_amount"),
    ("bought_nan", {"bought_amount": "nan"}, {}, "NOT_FINITE", "terms.bought_amount"),
    ("no_bought", {"bought_amount": None}, {}, "TERMS_INVALID", "terms.bought_amount"),
    ("bought_1e16", {"bought_amount": "1e16"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.bought_amount"),
    ("negative_sold", {"sold_amount": "-1"}, {}, "AMOUNT_OUT_OF_RANGE", "terms.sold_amount"),
    ("sold_text", {"sold_amount": "much"}, {}, "TERMS_INVALID", "terms.sold_amount"),
    ("one_currency", {"sold_currency": "EUR"}, {}, "TERMS_INVALID", "terms.sold_currency"),
    ("unknown_sold", {"sold_currency": "XXQ"}, {}, "UNKNOWN_CURRENCY", "terms.sold_currency"),
    ("no_bought_currency", {"bought_currency": None}, {}, "TERMS_INVALID", "bought_currency"),
    ("currency_list", {"bought_currency": ["EUR"]}, {}, "UNKNOWN_CURRENCY", "bought_currency"),
    ("no_curve", {"sold_currency": "CHF"}, {}, "UNKNOWN_CURVE", "CHF"),
    ("unknown_curve", {"sold_curve": "MARS"}, {}, "UNKNOWN_CURVE", "MARS"),
    ("other_curve", {"sold_curve": "EUR-GOVERNMENT"}, {}, "CURVE_CURRENCY", "EUR-GOVERNMENT"),
    ("no_maturity", {"maturity_date": None}, {}, "TERMS_INVALID", "terms.maturity_date"),
    ("maturity_text", {"maturity_date": "soon"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("maturity_1899", {"maturity_date": "1899-01-01"}, {}, "BAD_DATES", "terms.maturity_date"),
    ("settled", {"maturity_date": "2022-12-30"}, {}, "MATURED", "settled"),
    ("unknown_calendar", {"calendar": "MARS"}, {}, "UNKNOWN_CALENDAR", "terms.calendar"),
    ("unknown_roll", {"roll_convention": "UP"}, {}, "TERMS_INVALID", "terms.roll_convention"),
    ("unknown_field", {"strike": "1.1"}, {}, "TERMS_INVALID", "strike"),
    ("fixing_alone", {"fixing_date": "2023-06-28"}, {}, "TERMS_INVALID", "terms.fixing_date"),
    ("settlement_alone", {"settlement_currency": "USD"}, {}, "TERMS_INVALID", "terms.fixing_date"),
    (
        "settled_in_neither", {"settlement_currency": "JPY", "fixing_date": "2023-06-28"}, {},
        "TERMS_INVALID", "terms.settlement_currency",
    ),
    (
        "fixed_after_payment", {"settlement_currency": "USD", "fixing_date": "2023-07-03"}, {},
        "BAD_DATES", "terms.fixing_date",
    ),
    ("rate_not_fixed", NDF, {}, "FIXING_MISSING", "state.fixing_rate"),
    ("rate_negative", NDF, {"fixing_rate": "-1"}, "AMOUNT_OUT_OF_RANGE", "state.fixing_rate"),
    ("quantity_nan", {}, {"quantity": "nan"}, "NOT_FINITE", "state.quantity"),
    ("quantity_1e16", {}, {"quantity": "1e16"}, "AMOUNT_OUT_OF_RANGE", "state.quantity"),
    ("closed", {}, {"status": "CLOSED"}, "CLOSED", "closed"),
    ("defaulted", {}, {"status": "DEFAULTED"}, "TERMS_INVALID", "state.status"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "state", "code", "named"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_bad_forward_is_refused_by_name(
    terms: dict[str, Any],
    state: dict[str, Any],
    code: str,
    named: str,
    position: Callable[..., PositionInput],
    failure: Callable[..., Failure],
) -> None:
    found = failure(position("FX_FWD", terms, state))
    assert (found.code, named in found.message) == (code, True), found


def test_bad_forwards_leave_the_bits_of_their_neighbours(
    position: Callable[..., PositionInput], make_states: Callable[..., States]
) -> None:
    good = [position("FX_FWD", state={"quantity": str(1000 + i)}) for i in range(len(CASES))]
    bad = [position("FX_FWD", case[1], case[2]) for case in CASES]
    mixed = [one for pair in zip(good, bad, strict=True) for one in pair]
    states = make_states()
    alone = valuation.value(product("FX_FWD").pack(good, Names()).batch, states)
    found = valuation.value(product("FX_FWD").pack(mixed, Names()).batch, states)
    assert alone.failures == [None] * len(good)
    assert found.failures[::2] == alone.failures
    assert None not in found.failures[1::2]
    assert np.array_equal(found.values[::2].view(np.int64), alone.values.view(np.int64))
    assert not found.values[1::2].any()
