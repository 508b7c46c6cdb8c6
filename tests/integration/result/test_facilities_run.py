"""Revolvers and delayed draws under facilities: files, a worker process, stored cells, totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.access.models import User
from apps.instrument import conventions
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from tests.integration.result import product_run

FACILITIES: list[dict[str, Any]] = [
    {"code": "RCF", "obligor": "CP1", "kind": "REVOLVER", "currency": "USD",
     "commitment": "50000000", "fees": [{"kind": "COMMITMENT", "rate": "0.00375"}]},
    {"code": "DDTL", "obligor": "CP1", "kind": "DELAYED_DRAW", "currency": "USD",
     "commitment": "30000000"},
]  # fmt: skip
INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "REV", "product_type": "REVOLVER", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"start_date": "2021-03-15", "first_payment_date": "2021-06-15",
               "maturity_date": "2026-03-15", "commitment": "50000000", "index": "SOFR",
               "margin": "0.0275", "index_floor": "0.005",
               "fees": {"commitment": "0.00375", "utilisation_above": ["0.33"],
                        "utilisation": ["0.001"]},
               "utilisation": {"kind": "CREDIT", "leq": "0.5", "widening": "0.03"}}},
    {"code": "FIXED", "product_type": "REVOLVER", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"start_date": "2021-03-15", "first_payment_date": "2021-06-15",
               "maturity_date": "2025-03-15", "commitment": "20000000", "rate": "0.0675",
               "commitment_steps": [["2023-06-15", "18000000"]]}},
    {"code": "DELAYED", "product_type": "DELAYED_DRAW", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"start_date": "2022-06-15", "first_payment_date": "2022-09-15",
               "maturity_date": "2028-06-15", "availability_end": "2024-06-15",
               "commitment": "30000000", "index": "TERM_SOFR_3M", "margin": "0.05",
               "fees": {"ticking": "0.01"}, "draws": [["2023-03-15", "6000000"]]}},
]  # fmt: skip
STATE = {
    "side": "ASSET", "status": "PERFORMING", "accounting_class": "HFI", "quantity": "9000000",
    "outstanding_principal": "9000000", "spread_source": "SUPPLIED", "spread": "0.0225",
    "legal_entity": "LE1", "book": "BOOK-A",
}  # fmt: skip
LINKS = {"REV": "RCF", "DELAYED": "DDTL"}
MEASURES = ("PV", "ACCRUED", "DV01", "CS01", "WAL", "PRINCIPAL", "COMMITMENT", "UNDRAWN", "EAD",
            "CLEAN_PRICE")  # fmt: skip


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[product_run.Bank]:
    with product_run.valued(
        databases,
        template,
        django_db_blocker,
        INSTRUMENTS,
        STATE,
        MEASURES,
        facilities=FACILITIES,
        drawn_under=LINKS,
    ) as found:
        yield found


def test_cells_of_facilities_are_those_of_the_library(bank: product_run.Bank) -> None:
    for item in INSTRUMENTS:
        filled = conventions.defaults(item["market_convention"], item["product_type"]) or {}
        assert filled["interest_basis"] == "ACT/360"
    pinned = bank.rows(
        "SELECT p.facility, v.document::jsonb ->> 'commitment' FROM position p "
        "JOIN facility_version v ON v.id = p.facility_version_id ORDER BY 1"
    )
    assert pinned == [("DDTL", "30000000"), ("RCF", "50000000")]
    measures, rows = product_run.check_stored_cells(bank)
    totals = [sum(column) for column in zip(*rows, strict=True)]
    by_code = dict(zip(measures, totals, strict=True))
    assert by_code["PRINCIPAL"] + by_code["UNDRAWN"] == by_code["COMMITMENT"]
    # The fixed one's commitment is reduced after the day: 50 + 20 + 30 million tonight.
    assert by_code["COMMITMENT"] == 100_000_000 * 10**6


DRILL = """query D($run: ID!, $id: String!) { run(id: $run) { position(id: $id) {
  facility { code kind commitment details obligor { code } parent { code } }
  inputs { state facility } } } }"""


def test_a_position_is_followed_to_its_facility_of_today_and_of_the_run(
    bank: product_run.Bank,
) -> None:
    context = Context(user=User(username="head", is_superuser=True))

    def drilled(code: str) -> Any:
        answer = execute(Asked(DRILL, {"run": str(bank.run), "id": f"P-{code}"}, None), context)
        assert "errors" not in answer, answer
        return answer["data"]["run"]["position"]

    found = drilled("REV")
    assert found["facility"] == {
        "code": "RCF",
        "kind": "REVOLVER",
        "commitment": "50000000.000000",
        "details": {"fees": [{"kind": "COMMITMENT", "rate": "0.00375"}]},
        "obligor": {"code": "CP1"},
        "parent": None,
    }
    pinned = found["inputs"]["facility"]
    assert (pinned["code"], pinned["commitment"]) == ("RCF", "50000000")
    assert pinned["fees"] == [{"kind": "COMMITMENT", "rate": "0.00375"}]
    assert found["inputs"]["state"]["facility"] == "RCF"
    without = drilled("FIXED")
    assert (without["facility"], without["inputs"]["facility"]) == (None, None)
