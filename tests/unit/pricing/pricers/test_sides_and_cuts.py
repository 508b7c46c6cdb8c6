"""Liabilities, short positions and the cut, the same for bonds, bills, notes and linkers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from pricing.axis import Cut
from pricing.position import PositionInput
from pricing.scenarios import States

from tests.unit.pricing.conftest import ALL_MEASURES, QUOTED_MEASURES  # isort: skip

Value = Callable[..., dict[str, float]]
Position = Callable[..., PositionInput]
MakeStates = Callable[..., States]

PRODUCTS = ("FIXED_BOND", "FLOATING_NOTE", "INFLATION_BOND", "ZERO_COUPON")
OF_THE_PAPER = (
    "CLEAN_PRICE", "DIRTY_PRICE", "SPREAD", "YIELD_", "MODIFIED_DURATION", "MACAULAY_DURATION",
    "Z_SPREAD", "ASSET_SWAP_SPREAD", "DISCOUNT_", "INVESTMENT_RATE", "INDEX_RATIO",
)  # fmt: skip
CHANGES = [
    pytest.param({"side": "LIABILITY"}, id="liability"),
    pytest.param({"quantity": "-1000000"}, id="short"),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("product_type", PRODUCTS)
def test_what_is_owed_is_what_is_held_negated(
    product_type: str,
    change: dict[str, str],
    value: Value,
    position: Position,
    make_states: MakeStates,
) -> None:
    states = make_states(measures=(*ALL_MEASURES, *QUOTED_MEASURES))
    held = value(position(product_type), states)
    owed = value(position(product_type, state=change), states)
    assert any(held[f"{code}@BASE"] for code in ("PV", "CLEAN_PRICE"))
    for cell, amount in held.items():
        sign = 1 if cell.startswith(OF_THE_PAPER) else -1
        assert owed[cell] == pytest.approx(sign * amount, rel=1e-12, abs=1e-12), cell


@pytest.mark.parametrize(
    ("product_type", "terms"),
    [
        ("FIXED_BOND", {"dated_date": "2020-12-30", "maturity_date": "2024-12-30"}),
        ("INFLATION_BOND", {"dated_date": "2021-06-30", "maturity_date": "2024-12-30"}),
        (
            "FLOATING_NOTE",
            {"dated_date": "2022-09-30", "maturity_date": "2024-12-30", "calendar": "NONE",
             "roll_convention": "UNADJUSTED"},
        ),
    ],
)  # fmt: skip
def test_coupon_paid_today_is_in_at_the_start_of_the_day_and_out_at_its_end(
    product_type: str,
    terms: dict[str, str],
    value: Value,
    position: Position,
    make_states: MakeStates,
) -> None:
    paper = position(product_type, terms)
    start = value(paper, make_states(cut=Cut.START_OF_DAY))
    end = value(paper, make_states(cut=Cut.END_OF_DAY))
    assert start["PV@BASE"] - end["PV@BASE"] == pytest.approx(start["ACCRUED@BASE"], rel=1e-9)
    assert end["ACCRUED@BASE"] == 0.0


def test_current_rate_of_the_position_takes_the_place_of_the_fixing(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    states = make_states()
    fixed = value(position("FLOATING_NOTE"), states)
    same = value(position("FLOATING_NOTE", state={"current_rate": "0.058"}), states)
    more = value(position("FLOATING_NOTE", state={"current_rate": "0.068"}), states)
    # The fixing is 4.55%, the margin 1.25%.
    assert same["PV@BASE"] == pytest.approx(fixed["PV@BASE"], rel=1e-14)
    days = (dt.date(2023, 2, 15) - dt.date(2022, 11, 15)).days
    gained = more["ACCRUED@BASE"] - same["ACCRUED@BASE"]
    assert gained == pytest.approx(1e6 * 0.01 * 45 / 360, rel=1e-9)
    assert more["PV@BASE"] - same["PV@BASE"] == pytest.approx(1e6 * 0.01 * days / 360, rel=0.02)


def test_fixed_to_float_note_pays_its_coupon_until_the_day(
    value: Value, position: Position, make_states: MakeStates
) -> None:
    """Fixed to maturity it is a bond of that coupon, whatever the index does."""
    states = make_states()
    terms = {"fixed_until": "2027-02-15", "fixed_coupon": "0.05", "frequency": "SEMIANNUAL",
             "accrual_dates": "UNADJUSTED", "calendar": "NONE", "roll_convention": "UNADJUSTED",
             "day_count": "30/360"}  # fmt: skip
    note = value(position("FLOATING_NOTE", terms), states)
    bond = value(position("FIXED_BOND", {"dated_date": "2021-02-15", "coupon": "0.05",
                                         "maturity_date": "2027-02-15"}), states)  # fmt: skip
    for cell in ("PV@BASE", "PV@UP", "ACCRUED@BASE", "CLEAN_PRICE@BASE"):
        assert note[cell] == pytest.approx(bond[cell], rel=1e-13), cell
    assert note["DV01@BASE/USD"] == pytest.approx(bond["DV01@BASE/USD"], rel=1e-7)
