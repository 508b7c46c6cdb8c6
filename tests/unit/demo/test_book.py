"""The demo book: complete, consistent, believable, and the same every time."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import pytest

from fixtures.book import failing, tree
from fixtures.book.bank import bank
from fixtures.book.plan import plan
from fixtures.book.records import Holding, Record
from fixtures.market.reference_rates import usd_values
from pricing.products import derivative
from pricing.products.registry import PRODUCTS

SIZE = 4_000


@cache
def book(positions: int = SIZE) -> tuple[list[Record], list[Holding]]:
    made = bank(positions)
    holdings = list(made.holdings())
    named = [*made.counterparties(), *(h.counterparty for h in holdings if h.counterparty)]
    return named, holdings


LOANS = ("AMORT_LOAN", "DELAYED_DRAW", "REVOLVER")


def is_loan(holding: Holding) -> bool:
    return holding.instrument["product_type"] in LOANS


def of_type(product_type: str, positions: int = SIZE) -> list[Holding]:
    return [h for h in book(positions)[1] if h.instrument["product_type"] == product_type]


def in_dollars(position: Record) -> float:
    rates = usd_values() | {"BRL": 0.0}
    return float(position["outstanding_principal"]) * rates[position["currency"]]


@pytest.mark.parametrize("positions", [50, 137, 400, 2_000, 3_333])
def test_a_book_has_the_size_asked_for(positions: int) -> None:
    assert len(book(positions)[1]) == positions
    assert len({h.position["position_id"] for h in book(positions)[1]}) == positions


def test_a_book_too_small_for_its_segments_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 50 positions"):
        plan(49)


def test_the_same_size_and_seed_give_the_same_records() -> None:
    assert list(bank(300).holdings()) == list(bank(300).holdings())
    assert list(bank(300, seed=1).holdings()) != list(bank(300, seed=2).holdings())


def test_everything_that_is_referred_to_exists_once() -> None:
    counterparties, holdings = book()
    codes = [one["code"] for one in counterparties]
    assert len(codes) == len(set(codes))
    known, books = set(codes), {node.code for node in tree.nodes() if node.node_type == "BOOK"}
    for holding in holdings:
        assert holding.position["obligor"] in known
        assert holding.position["book"] in books
        assert holding.position["instrument"] == holding.instrument["code"]
    assert {one["parent"] for one in counterparties if "parent" in one} <= known


def test_one_code_is_one_instrument() -> None:
    terms: dict[str, set[str]] = defaultdict(set)
    for holding in book()[1]:
        terms[holding.instrument["code"]].add(repr(holding.instrument))
    assert all(len(texts) == 1 for texts in terms.values())


def test_the_tree_has_five_business_lines_and_some_sixty_books() -> None:
    levels = Counter(node.node_type for node in tree.nodes())
    assert levels == {"FUND": 1, "SUB_FUND": 5, "DESK": 16, "BOOK": 67}
    codes = [node.code for node in tree.nodes()]
    assert all(node.parent in codes[:place] for place, node in enumerate(tree.nodes()) if place)
    assert {node.entity for node in tree.nodes() if node.entity} == {"CRB-NA", "CRB-UK"}


def test_there_are_sixty_connected_groups() -> None:
    groups = {one["connected_group"] for one in book(20_000)[0] if "connected_group" in one}
    assert len(groups) == 60


def test_the_twenty_largest_obligors_owe_a_tenth_of_the_loans() -> None:
    owed: dict[str, float] = defaultdict(float)
    for holding in filter(is_loan, book(20_000)[1]):
        owed[holding.position["obligor"]] += in_dollars(holding.position)
    largest = sum(sorted(owed.values())[-20:])
    assert 0.08 <= largest / sum(owed.values()) <= 0.12
    assert 33e9 < sum(owed.values()) < 35e9


def test_five_deals_are_held_by_several_books() -> None:
    books: dict[str, set[str]] = defaultdict(set)
    for holding in book(20_000)[1]:
        if holding.position["instrument"].startswith("DEAL-"):
            books[holding.position["instrument"]].add(holding.position["book"])
            assert 0 < float(holding.position["share_of_facility"]) < 1
    assert len(books) == 5
    assert all(len(held_by) >= 3 for held_by in books.values())


def test_ninety_seven_of_a_hundred_loans_perform() -> None:
    loans = [h.position for h in book(20_000)[1] if is_loan(h)]
    states = Counter(loan["status"] for loan in loans)
    assert 0.965 < states["PERFORMING"] / len(loans) < 0.975
    assert states["DEFAULTED"] == 3
    late = [int(loan.get("days_past_due", 0)) for loan in loans]
    assert 0.005 < sum(30 <= days < 90 for days in late) / len(loans) < 0.011
    accruals = Counter(loan["accrual_status"] for loan in loans)
    assert 0.005 < accruals["NON_ACCRUAL"] / len(loans) < 0.009


def test_due_dates_include_month_ends_leap_days_and_long_first_periods() -> None:
    terms = [h.instrument["terms"] for h in of_type("AMORT_LOAN")]
    assert any(one["start_date"] == "2020-02-29" and one["payment_day"] == 29 for one in terms)
    assert any(one["payment_day"] == 31 for one in terms)
    monthly = [one for one in terms if one["frequency"] == "MONTHLY"]
    apart = [
        12 * (int(one["first_payment_date"][:4]) - int(one["start_date"][:4]))
        + int(one["first_payment_date"][5:7])
        - int(one["start_date"][5:7])
        for one in monthly
    ]
    assert {1, 2} <= set(apart)


def test_positions_that_fail_by_design_are_twenty_with_nine_codes() -> None:
    assert sum(case.count for case in failing.CASES) == 20
    assert len({case.code for case in failing.CASES}) == 9
    found = Counter(
        h.position["obligor"] for h in book()[1] if h.position.get("tag") == "FAILS-BY-DESIGN"
    )
    assert found == {f"FAIL-{case.code}": case.count for case in failing.CASES}


def test_every_loan_still_has_something_to_pay() -> None:
    for holding in filter(is_loan, book()[1]):
        if holding.position.get("tag") != "FAILS-BY-DESIGN":
            assert holding.instrument["terms"]["maturity_date"] > "2022-12-30"
            assert holding.position["next_due_date"] > "2022-12-30"
            assert float(holding.position["outstanding_principal"]) > 0


@pytest.mark.parametrize("positions", [50, 400, SIZE])
def test_every_product_that_is_priced_is_in_the_book(positions: int) -> None:
    held = {h.instrument["product_type"] for h in book(positions)[1]}
    assert held == set(PRODUCTS)


@pytest.mark.parametrize("positions", [50, SIZE])
def test_every_kind_of_derivative_is_in_the_book(positions: int) -> None:
    kinds = {h.instrument["terms"]["kind"] for h in of_type("DERIVATIVE", positions)}
    assert kinds == set(derivative.KINDS)


def test_two_thirds_of_commercial_loans_are_revolvers_used_to_about_forty_percent() -> None:
    commercial = ("CORPORATE_LOAN", "FOREIGN_CORPORATE", "LARGE_CORPORATE")
    loans = [h for h in book(20_000)[1] if is_loan(h) and h.position["segment"] in commercial]
    revolvers = [h for h in loans if h.instrument["product_type"] == "REVOLVER"]
    drawn = sum(in_dollars(h.position) for h in revolvers)
    assert 0.62 < drawn / sum(in_dollars(h.position) for h in loans) < 0.70
    for holding in revolvers:
        commitment = float(holding.instrument["terms"]["commitment"])
        used = float(holding.position["outstanding_principal"]) / commitment
        assert 0.33 < used < 0.47
        assert float(holding.position["undrawn"]) == pytest.approx(commitment * (1 - used))
        terms = holding.instrument["terms"]
        over_sofr = float(terms["margin"]) + (0.032 if terms["index"] == "PRIME" else 0.0)
        assert 0.0175 - 1e-9 <= over_sofr <= 0.0450 + 1e-9
        assert float(terms["index_floor"]) >= 0.0
    sofr = [h for h in revolvers if "SOFR" in h.instrument["terms"]["index"]]
    assert len(sofr) > 0.8 * len(revolvers)


def test_term_loans_float_on_every_index_that_the_market_lends_on() -> None:
    floating = [h.instrument["terms"].get("floating") for h in of_type("AMORT_LOAN", 20_000)]
    found = {one["index"] for one in floating if one}
    assert found == {"SOFR", "TERM_SOFR_1M", "TERM_SOFR_3M", "EURIBOR_3M", "SONIA", "PRIME"}


def test_what_is_drawn_is_drawn_under_a_facility_of_the_same_obligor() -> None:
    committed = [*of_type("REVOLVER"), *of_type("DELAYED_DRAW")]
    for holding in committed:
        facility = holding.facility
        assert facility is not None
        assert holding.position["facility"] == facility["code"]
        assert holding.position["obligor"] == facility["obligor"]
        assert facility["commitment"] == holding.instrument["terms"]["commitment"]
    codes = [h.facility["code"] for h in committed if h.facility]
    assert len(set(codes)) == len(codes)
