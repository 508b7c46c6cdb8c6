"""A position's bits depend on the position, the market, the cell and the profile alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import valuation
from pricing.axis import Axis, Cell, default_cells
from pricing.batch import Batch, Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS, product
from pricing.scenarios import States, parse
from pricing.yield_conventions import YIELD_CONVENTIONS
from tests.unit.pricing.derivative_book import derivatives

from tests.unit.pricing.conftest import (  # isort: skip
    ALL_MEASURES, BOND_TERMS, CALLABLE_TERMS, DAY, DEAL_TERMS, DELAYED_DRAW_TERMS, FX_TERMS,
    INFLATION_TERMS, LOAN_TERMS, MARKET, NOTE_TERMS, POOL_TERMS, QUOTED_MEASURES, REVOLVER_TERMS,
    SCENARIOS, ZERO_TERMS,
)  # fmt: skip

PROFILES = ("record", "fast")
COUNT = 600
AHEAD = ("THETA", "THETA/1M", "THETA@TWIST")


def bits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(values).view(np.int64)


def prepared(documents: Sequence[dict[str, Any]] = SCENARIOS, **options: Any) -> States:
    scenarios = [parse(document) for document in documents]
    codes = [scenario.code for scenario in scenarios]
    asked = (*ALL_MEASURES, *QUOTED_MEASURES, "COMMITMENT", "UNDRAWN", "EAD", *AHEAD)
    measures = [m for m in asked if "@" not in m or m.partition("@")[2] in codes]
    axis = Axis(default_cells(measures, codes, ["USD", "EUR"], "USD"), DAY, "USD")
    return States(snapshot.parse(MARKET), scenarios, axis, **options)


def loans(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        payments = int(rng.integers(1, 361))
        terms = {
            **LOAN_TERMS,
            "payments": payments,
            "first_payment_date": f"2023-01-{int(rng.integers(1, 29)):02d}",
            "original_principal": f"{rng.uniform(1e4, 1e6):.2f}",
            "rate": f"{rng.uniform(0.0, 0.09):.5f}",
            "interest_basis": str(rng.choice(["30/360", "ACT/360", "ACT/ACT ISDA"])),
            "payment_basis": "30/360",
            "amortisation": str(rng.choice(["LEVEL_PAY", "LINEAR", "BULLET"])),
            "interest_only_payments": int(rng.integers(0, min(payments, 24) + 1)),
            "prepayment": {
                "kind": str(rng.choice(["NONE", "CPR", "PSA", "SMM"])),
                "speed": f"{rng.uniform(0.0, 0.2):.4f}",
            },
            "calendar": str(rng.choice(["NONE", "US"])),
            "roll_convention": str(rng.choice(["UNADJUSTED", "MODIFIED_FOLLOWING"])),
        }
        if i % 4 == 0:
            terms["amortisation_payments"] = payments + 120
        if i % 5 == 0:
            # A last payment off the grid.
            first = dt.date.fromisoformat(str(terms["first_payment_date"]))
            del terms["payments"]
            terms["maturity_date"] = (first + dt.timedelta(days=29 * payments)).isoformat()
            terms["interest_only_payments"] = 0
        state = (
            {"spread": f"{rng.uniform(0.0, 0.05):.5f}"},
            {"spread_source": "MATRIX"},
            {"spread_source": "MARK", "mark_price": f"{rng.uniform(85, 105):.3f}"},
        )[i % 3]
        found.append(PositionInput(f"L{i}", "AMORT_LOAN", "USD", terms, state, "BBB", "RETAIL"))
    return found


def bonds(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        maturity = dt.date(2023, 2, 1) + dt.timedelta(days=int(rng.integers(0, 11_000)))
        terms = {
            **BOND_TERMS,
            "maturity_date": maturity.isoformat(),
            "coupon": f"{rng.uniform(0.0, 0.09):.5f}",
            "day_count": str(rng.choice(["30/360", "ACT/ACT ICMA", "30E/360 ISDA"])),
            "frequency": str(rng.choice(["SEMIANNUAL", "ANNUAL", "QUARTERLY"])),
            "yield_convention": YIELD_CONVENTIONS[i % len(YIELD_CONVENTIONS)],
            "ex_coupon_days": (0, 0, 7, 40)[i % 4],
            "amortisation": ("BULLET", "BULLET", "LEVEL_PAY", "LINEAR")[i // 2 % 4],
        }
        if i % 7 == 0:
            terms["coupon_steps"] = [["2020-02-15", "0.045"]]
            terms["dated_date"] = "2020-02-15"
        currency, rating, sector = (("USD", "BBB", "CORP"), ("EUR", "BBB", "BANK"))[i % 2]
        state = (
            {"quantity": f"{rng.uniform(-1e6, 1e7):.2f}", "spread": "0.01"},
            {"quantity": "1000000", "spread_source": "MATRIX"},
            {"quantity": "1000", "spread_source": "MARK", "mark_price": "91.5"},
        )[i % 3]
        found.append(PositionInput(f"B{i}", "FIXED_BOND", currency, terms, state, rating, sector))
    return found


def callables(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        years = int(rng.integers(4, 12))
        maturity = f"{2022 + years}-02-15"
        calls = [[f"{year}-02-15", "101"] for year in range(2023, 2022 + years)][i % 4 :][:4]
        terms = {
            **CALLABLE_TERMS,
            "maturity_date": maturity,
            "coupon": f"{rng.uniform(0.02, 0.08):.5f}",
            "call_schedule": calls or [["2023-02-15", "101"]],
            "call_notice_days": (0, 0, 30)[i % 3],
            "amortisation": ("BULLET", "LEVEL_PAY")[i % 2],
        }
        if i % 60 == 0:
            terms |= {"call_schedule": [[f"{years + 2020}-02-15", "100"]], "call_style": "AMERICAN"}
        if i % 7 == 0:
            terms["make_whole_spread"] = "0.004"
        if i % 11 == 0:
            terms["put_schedule"] = [["2024-08-15", "97"]]
        currency, rating, sector = (("USD", "BBB", "CORP"), ("EUR", "BBB", "BANK"))[i % 2]
        state = (
            {"quantity": f"{rng.uniform(-1e6, 1e7):.2f}", "spread": "0.01"},
            {"quantity": "1000000", "spread_source": "MATRIX"},
            {"quantity": "1000", "spread_source": "MARK", "mark_price": "97.5"},
        )[i % 3]
        found.append(
            PositionInput(f"C{i}", "CALLABLE_BOND", currency, terms, state, rating, sector)
        )
    return found


def papers(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        maturity = dt.date(2023, 1, 5) + dt.timedelta(days=int(rng.integers(0, 900)))
        terms = {
            **ZERO_TERMS,
            "maturity_date": maturity.isoformat(),
            "yield_convention": ("US_STREET", "COMPOUND", "MONEY_MARKET")[i % 3],
        }
        state = (
            {"quantity": f"{rng.uniform(-1e6, 1e7):.2f}", "spread": "0.002"},
            {"quantity": "1000000", "spread_source": "MARK", "mark_price": "97.5"},
        )[i % 2]
        found.append(PositionInput(f"Z{i}", "ZERO_COUPON", "USD", terms, state, "BBB", "CORP"))
    return found


def notes(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        euro = i % 3 == 2
        maturity = dt.date(2023, 2, 1) + dt.timedelta(days=int(rng.integers(0, 4_000)))
        terms = {
            **NOTE_TERMS,
            "maturity_date": maturity.isoformat(),
            "index": ("SOFR", "TERM_SOFR_3M", "EURIBOR_6M")[i % 3],
            "margin": f"{rng.uniform(-0.001, 0.03):.5f}",
            "frequency": "SEMIANNUAL" if euro else "QUARTERLY",
            "calendar": "TARGET" if euro else "US-GOVT",
            "lookback_days": (0, 2, 5)[i // 3 % 3],
            "observation_shift": bool(i // 9 % 2),
            "lockout_days": (0, 0, 3)[i // 6 % 3],
            "daily_rates": ("COMPOUNDED", "AVERAGED")[i // 18 % 2],
        }
        if i % 5 == 0:
            terms |= {"floor": "0.03", "cap": "0.055", "index_floor": "0"}
        state = (
            {"quantity": f"{rng.uniform(-1e6, 1e7):.2f}", "spread": "0.01"},
            {"quantity": "1000000", "spread_source": "MATRIX"},
            {"quantity": "1000", "spread_source": "MARK", "mark_price": "99.5"},
        )[i // 3 % 3]
        currency, sector = ("EUR", "BANK") if euro else ("USD", "CORP")
        found.append(PositionInput(f"N{i}", "FLOATING_NOTE", currency, terms, state, "BBB", sector))
    return found


def linkers(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        maturity = dt.date(2023, 1, 15) + dt.timedelta(days=int(rng.integers(0, 9_000)))
        terms = {
            **INFLATION_TERMS,
            "maturity_date": maturity.isoformat(),
            "coupon": f"{rng.uniform(0.0, 0.03):.5f}",
            "deflation_floor": i % 2 == 0,
            "ratio_rounding": ("NONE", "US_TREASURY", "FIVE_DECIMALS")[i % 3],
        }
        if i % 4 == 0:
            terms["base_level"] = "270.5"
        state = (
            {"quantity": f"{rng.uniform(-1e6, 1e7):.2f}", "spread": "0.001"},
            {"quantity": "1000000", "spread_source": "MARK", "mark_price": "96.25"},
        )[i % 2]
        found.append(PositionInput(f"I{i}", "INFLATION_BOND", "USD", terms, state, "BBB", "CORP"))
    return found


def pools(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        kind = ("S_CURVE", "PSA", "CPR", "S_CURVE", "ABS", "NONE")[i % 6]
        prepayment: dict[str, Any] = {"kind": kind}
        if kind == "S_CURVE":
            prepayment |= {
                "lowest": "0.04", "highest": "0.5", "slope": ("120", "150")[i // 6 % 2],
                "mortgage_spread": "0.0125", "seasoning": 30, "lockout": i % 9,
                "burnout": f"{rng.uniform(0.0, 0.8):.3f}",
            }  # fmt: skip
        elif kind != "NONE":
            prepayment["speed"] = f"{rng.uniform(0.0, 0.015 if kind == 'ABS' else 0.3):.4f}"
        terms = {
            **POOL_TERMS,
            "accrual_start_date": f"2022-{9 + i % 4:02d}-01",
            "wac": f"{rng.uniform(0.02, 0.08):.5f}",
            "wam": int(rng.integers(13, 181)),
            "servicing_fee": "0.0025",
            "guarantee_fee": "0",
            "payment_delay_days": (14, 24)[i % 2],
            "prepayment": prepayment,
            "strip": ("WHOLE", "WHOLE", "IO", "PO")[i // 2 % 4],
        }
        state: dict[str, Any] = (
            {"quantity": f"{rng.uniform(1e5, 1e7):.2f}", "pool_factor": "0.81", "spread": "0.01"},
            {"quantity": "1000000", "spread_source": "MATRIX"},
            {"quantity": "1000", "spread_source": "MARK", "mark_price": "96.5"},
        )[i % 3]
        if i % 5 == 0:
            terms["default"] = {
                "kind": ("CDR", "SDA")[i // 5 % 2], "speed": f"{rng.uniform(0.0, 0.05):.4f}",
                "severity": "0.35", "recovery_lag": (6, 12)[i // 10 % 2],
                "advances": i // 20 % 2 == 0,
            }  # fmt: skip
            state = {"quantity": "250000", "spread": "0.004", "credit_basis": "CASHFLOW"}
        elif i % 3 == 2 and terms["strip"] != "WHOLE":
            state = {"quantity": "1000", "spread": "0.02"}
        found.append(PositionInput(f"M{i}", "ABS_MBS", "USD", terms, state, "BBB", "RETAIL"))
    return found


def forwards(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    return [
        PositionInput(
            f"F{i}",
            "FX_FWD",
            ("USD", "EUR")[i % 2],
            {
                **FX_TERMS,
                "sold_amount": f"{rng.uniform(9e5, 1.2e6):.2f}",
                "maturity_date": f"20{23 + i % 9}-{1 + i % 12:02d}-{1 + i % 28:02d}",
            },
        )
        for i in range(count)
    ]


PATHS: list[dict[str, Any] | None] = [
    None,
    {"kind": "CONSTANT", "level": "0.45"},
    {"kind": "VECTOR", "levels": ["0.3", "0.5", "0.55", "0.7"]},
    {"kind": "CREDIT", "leq": "0.6", "widening": "0.03"},
]


def facilities(
    rng: np.random.Generator, product_type: str, ends: int, count: int = COUNT
) -> list[PositionInput]:
    """Facilities of every index, path and fee; the last payment is `ends` or more quarters away."""
    found = []
    for i in range(count):
        quarters = int(rng.integers(ends, 28))
        maturity = f"{2022 + (quarters + 3) // 4}-{3 * ((quarters + 3) % 4) + 3:02d}-15"
        base = REVOLVER_TERMS if product_type == "REVOLVER" else DELAYED_DRAW_TERMS
        floating = {
            "index": ("SOFR", "TERM_SOFR_3M")[i % 2],
            "margin": f"{rng.uniform(0, 0.05):.5f}",
        }
        rate: dict[str, Any] = floating if i % 5 else {"rate": "0.07"}
        absent = dict.fromkeys(("index", "margin", "index_floor", "floor"))
        fees = {
            "commitment": "0.004",
            "ticking_steps": [["2023-06-15", "0.0075"]],
            "utilisation_above": ["0.33", "0.5"],
            "utilisation": ["0.001", "0.002"],
            "basis": ("ACT/360", "30/360")[i // 3 % 2],
        }
        terms = {
            **base, **absent, **rate, "maturity_date": maturity, "utilisation": PATHS[i // 2 % 4],
            "fees": fees if i % 3 else base["fees"], "calendar": ("NONE", "US")[i // 4 % 2],
        }  # fmt: skip
        drawn = rng.uniform(0.0, 1.5e7)
        state = (
            {"spread": f"{rng.uniform(0.0, 0.05):.5f}", "undrawn": f"{3e7 - drawn:.2f}"},
            {"spread_source": "MATRIX"},
            {"spread_source": "MARK", "mark_price": f"{drawn / 3e5:.3f}", "undrawn": "13000000"},
        )[i % 3]
        state |= {"outstanding_principal": f"{drawn:.2f}"}
        found.append(PositionInput(f"R{i}", product_type, "USD", terms, state, "BBB", "RETAIL"))
    return found


def tranches(rng: np.random.Generator, count: int = COUNT) -> list[PositionInput]:
    found = []
    for i in range(count):
        period = (1, 3)[i % 2]
        collateral = [
            {"balance": "700000", "rate": f"{rng.uniform(0.03, 0.09):.5f}",
             "months": int(rng.integers(4, 61)), "age": int(rng.integers(0, 40))},
            {"balance": "300000", "rate": "0.035", "months": int(rng.integers(4, 61)),
             "amortisation": "BULLET"},
        ]  # fmt: skip
        notes = [dict(one) for one in DEAL_TERMS["tranches"]]
        if i % 3 == 0:
            collateral[1] |= {"rate_kind": "FLOATING", "index_floor": "0.01"}
            notes[0] |= {"coupon": None, "margin": "0.013", "cap": "0.06"}
        if i % 5 == 0:
            notes.insert(1, {"name": "Z", "balance": "0", "coupon": "0.05", "kind": "Z"})
        terms = {
            **DEAL_TERMS,
            "accrual_start_date": f"2022-{11 + i // 7 % 2}-01",
            "payment_months": period,
            "collateral": collateral,
            "tranches": notes,
            "tranche": ("A", "B", "R")[i // 2 % 3],
            "principal_rule": ("SEQUENTIAL", "PRO_RATA")[i // 4 % 2],
            "reserve_balance": "5000",
            "reserve_target": "0.01",
            "clean_up_call": ("0", "0.1")[i // 8 % 2],
            "index_rate": "0.0425",
        }
        if i % 4 == 0:
            terms["prepayment"] = POOL_TERMS["prepayment"]
        state: dict[str, Any] = {"quantity": "50000", "spread": "0.01"}
        if i % 7 == 0:
            terms["default"] = {
                "kind": "CDR", "speed": "0.04", "severity": "0.4", "recovery_lag": 6,
                "advances": i % 2 == 0,
            }  # fmt: skip
            state["credit_basis"] = "CASHFLOW"
        elif i % 7 == 1 and terms["tranche"] == "A":
            state |= {"spread_source": "MARK", "mark_price": "98.5"}
        found.append(PositionInput(f"T{i}", "STRUCTURED", "USD", terms, state, "BBB", "RETAIL"))
    return found


@pytest.fixture(scope="module")
def batches() -> dict[str, Batch]:
    rng = np.random.default_rng(20221230)
    made = {
        "AMORT_LOAN": loans(rng),
        "CALLABLE_BOND": callables(np.random.default_rng(4)),
        "DERIVATIVE": derivatives(np.random.default_rng(7), COUNT),
        "DELAYED_DRAW": facilities(rng, "DELAYED_DRAW", 7),
        "FIXED_BOND": bonds(rng),
        "FX_FWD": forwards(rng),
        "FLOATING_NOTE": notes(rng),
        "INFLATION_BOND": linkers(rng),
        "REVOLVER": facilities(rng, "REVOLVER", 1),
        "ZERO_COUPON": papers(rng),
        "ABS_MBS": pools(np.random.default_rng(20221229)),
        "STRUCTURED": tranches(np.random.default_rng(20221231)),
    }
    return {name: product(name).pack(positions, Names()).batch for name, positions in made.items()}


@pytest.fixture(scope="module")
def reference(batches: dict[str, Batch]) -> dict[tuple[str, str], npt.NDArray[np.float64]]:
    """Values of every product in each profile, all rows at once."""
    states = prepared()
    found = {}
    for name, batch in batches.items():
        for profile in PROFILES:
            valued = valuation.value(batch, states, profile=profile)
            failed = [f for f in valued.failures if f is not None]
            assert len(failed) < COUNT / 10, failed[:3]
            found[name, profile] = valued.values
    return found


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", sorted(PRODUCTS))
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, COUNT))
def test_any_subset_in_any_order_has_the_same_bits(
    name: str,
    profile: str,
    seed: int,
    size: int,
    batches: dict[str, Batch],
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    index = np.random.default_rng(seed).permutation(COUNT)[:size]
    valued = valuation.value(batches[name].take(index), prepared(), profile=profile)
    assert np.array_equal(bits(valued.values), bits(reference[name, profile][index]))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_shards_of_any_size_have_the_same_bits(
    name: str,
    profile: str,
    batches: dict[str, Batch],
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    for size in (1, 7, 64, 250):
        states = prepared()
        for first in range(0, COUNT, size * (1 + COUNT // (size * 20))):
            index = np.arange(first, min(first + size, COUNT))
            valued = valuation.value(batches[name].take(index), states, profile=profile)
            assert np.array_equal(bits(valued.values), bits(reference[name, profile][index]))


@pytest.mark.parametrize("name", sorted(PRODUCTS))
@pytest.mark.parametrize(
    "kept", [["BASE"], ["BASE", "TWIST"], ["WIDER", "BASE"], ["TWIST", "WIDER", "UP", "BASE"]]
)
def test_any_subset_of_scenarios_has_the_same_bits(
    name: str,
    kept: list[str],
    batches: dict[str, Batch],
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    whole = prepared().axis
    by_code = {document["code"]: document for document in SCENARIOS}
    for profile in PROFILES:
        states = prepared([by_code[code] for code in kept])
        valued = valuation.value(batches[name], states, profile=profile)
        places = [whole.places[cell] for cell in states.axis.cells]
        assert np.array_equal(bits(valued.values), bits(reference[name, profile][:, places]))


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_one_cell_has_the_bits_it_has_among_many(
    name: str,
    batches: dict[str, Batch],
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    whole = prepared()
    for cell in (
        Cell("PV", "TWIST"),
        Cell("CLEAN_PV", "UP"),
        Cell("KEY_RATE_DV01", "BASE", "USD/5Y"),
    ):
        axis = Axis((cell,), DAY, "USD")
        states = States(whole.market, whole.scenarios, axis)
        for profile in PROFILES:
            values = valuation.value(batches[name], states, profile=profile).values
            wanted = reference[name, profile]
            if cell in whole.axis.places:
                place = whole.axis.places[cell]
                assert np.array_equal(bits(values[:, 0]), bits(wanted[:, place]))


@pytest.mark.parametrize("profile", PROFILES)
def test_wide_axis_has_the_bits_of_a_narrow_one(profile: str, batches: dict[str, Batch]) -> None:
    many = [{"code": "BASE"}] + [
        {"code": f"S{i}", "shocks": [{"risk": "RATE", "size": f"{i * 1e-4:.4f}"}]}
        for i in range(1, 300)
    ]
    wide, narrow = prepared(many), prepared([many[0], *many[250:260], many[7]])
    places = [wide.axis.places[cell] for cell in narrow.axis.cells]
    for batch in batches.values():
        some = batch.take(np.arange(0, COUNT, 5))
        left = valuation.value(some, wide, profile=profile).values[:, places]
        right = valuation.value(some, narrow, profile=profile).values
        assert np.array_equal(bits(left), bits(right))


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_budget_of_tables_costs_no_bit(
    name: str,
    batches: dict[str, Batch],
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    states = prepared(budget=1)
    states.grid._limit = 50
    for first in range(0, COUNT, 97):
        index = np.arange(first, min(first + 97, COUNT))
        values = valuation.value(batches[name].take(index), states).values
        assert np.array_equal(bits(values), bits(reference[name, "record"][index]))


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_stored_bytes_value_to_the_same_bits(
    name: str,
    batches: dict[str, Batch],
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    batch = batches[name]
    again = Batch.from_bytes(batch.to_bytes(), Names(batch.names.as_tuple()))
    values = valuation.value(again, prepared()).values
    assert np.array_equal(bits(values), bits(reference[name, "record"]))


def test_fast_profile_agrees_with_the_record_to_rounding(
    reference: dict[tuple[str, str], npt.NDArray[np.float64]],
) -> None:
    for name in PRODUCTS:
        record, fast = reference[name, "record"], reference[name, "fast"]
        scale = np.abs(record).max(axis=1, keepdims=True)
        assert np.all(np.abs(record - fast) <= 1e-13 * scale)


def test_kernel_of_record_is_a_plain_loop_in_date_order() -> None:
    from pricing import kernel

    rng = np.random.default_rng(1)
    factors = rng.uniform(0.1, 1.0, (50, 7))
    slots = rng.integers(0, 50, 90).astype(np.int32)
    amounts = rng.normal(0, 1e6, 90)
    offsets = np.array([0, 1, 40, 40, 90], dtype=np.int32)
    wanted = np.zeros((4, 7))
    for row in range(4):
        for flow in range(offsets[row], offsets[row + 1]):
            for column in range(7):
                wanted[row, column] += amounts[flow] * factors[slots[flow], column]
    got = kernel.sequential(amounts, slots, offsets, factors)
    assert np.array_equal(bits(got), bits(wanted))


def test_empty_batch_has_an_empty_value(make_states: Callable[..., States]) -> None:
    for name in PRODUCTS:
        valued = valuation.value(product(name).pack([], Names()).batch, make_states())
        assert valued.values.shape == (0, len(make_states().axis))
        assert valued.failures == []
