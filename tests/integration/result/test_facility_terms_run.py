"""What a facility says reaches the value of the positions under it: files, a worker, stored cells.

The stored cells are held against the library given no facility, but terms that state the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from apps.portfolio import selectors
from tests.integration.result import product_run

IN_FORCE = {"amount": "9000000", "starts": "2022-12-15", "ends": "2023-03-15"}
OVER = {"amount": "9000000", "starts": "2022-09-15", "ends": "2022-12-15"}
FACILITIES: list[dict[str, Any]] = [
    {"code": "TERM", "obligor": "CP1", "kind": "TERM", "currency": "USD",
     "commitment": "12000000",
     "prepayment": {"lock_out_until": "2023-09-01",
                    "penalties": [{"until": "2024-06-01", "share": "0.02"}]}},
    {"code": "RCF", "obligor": "CP1", "kind": "REVOLVER", "currency": "USD",
     "commitment": "20000000", "unconditionally_cancellable": True,
     "fees": [{"kind": "COMMITMENT", "rate": "0.00375"}, {"kind": "AGENCY", "amount": "50000"}],
     "rate_options": [{"code": "SOFR", "index": "SOFR", "margin": "0.03"},
                      {"code": "SET", "rate": "0.0725"}],
     "elections": [{"option": "SOFR", **OVER}, {"option": "SET", **IN_FORCE}]},
]  # fmt: skip
LOAN: dict[str, Any] = {
    "start_date": "2021-03-15", "first_payment_date": "2021-06-15", "maturity_date": "2026-03-15",
    "original_principal": "12000000", "rate": "0.065", "amortisation": "LINEAR",
    "frequency": "QUARTERLY",
}  # fmt: skip
REVOLVER: dict[str, Any] = {
    "start_date": "2021-03-15", "first_payment_date": "2021-06-15", "maturity_date": "2026-03-15",
    "commitment": "20000000",
}  # fmt: skip
SPEED = {"kind": "CPR", "speed": "0.12"}
INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "LOAN", "product_type": "AMORT_LOAN", "terms": {**LOAN, "prepayment": SPEED}},
    {"code": "REV", "product_type": "REVOLVER",
     "terms": {**REVOLVER, "index": "SOFR", "margin": "0.0275"}},
]  # fmt: skip
STATED: list[dict[str, Any]] = [
    {"code": "LOAN", "product_type": "AMORT_LOAN",
     "terms": {**LOAN, "prepayment": {**SPEED, "lock_out_until": "2023-09-01",
                                      "penalty_steps": [["2024-06-01", "0.02"]]}}},
    {"code": "REV", "product_type": "REVOLVER",
     "terms": {**REVOLVER, "rate": "0.0725", "fees": {"commitment": "0.00375"},
               "unconditionally_cancellable": True}},
]  # fmt: skip
for item in (*INSTRUMENTS, *STATED):
    item |= {"currency": "USD", "market_convention": "US_COMMERCIAL_LOAN"}
STATE = {
    "side": "ASSET", "status": "PERFORMING", "accounting_class": "HFI", "quantity": "9000000",
    "outstanding_principal": "9000000", "spread_source": "SUPPLIED", "spread": "0.0225",
    "legal_entity": "LE1", "book": "BOOK-A",
}  # fmt: skip
MEASURES = ("PV", "ACCRUED", "DV01", "CS01", "WAL", "PRINCIPAL", "EAD", "CLEAN_PRICE")


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[product_run.Bank]:
    with product_run.valued(
        databases, template, django_db_blocker, INSTRUMENTS, STATE, MEASURES,
        facilities=FACILITIES, drawn_under={"LOAN": "TERM", "REV": "RCF"},
    ) as found:  # fmt: skip
        yield found


def test_cells_are_those_of_terms_that_state_what_the_facility_says(
    bank: product_run.Bank,
) -> None:
    product_run.check_stored_cells(dataclasses.replace(bank, instruments=STATED))


def test_the_facility_moves_the_cells(bank: product_run.Bank) -> None:
    """The guard of the fact above: without the facility the figures are others."""
    with pytest.raises(AssertionError):
        product_run.check_stored_cells(bank)


def test_blocks_rebuilt_from_rows_and_pinned_versions_are_those_stored(
    bank: product_run.Bank,
) -> None:
    (snapshot,) = bank.rows("SELECT max(id) FROM position_snapshot")[0]
    stored = bank.rows("SELECT sha256 FROM position_block WHERE snapshot_id = %s ORDER BY block",
                       snapshot)  # fmt: skip
    with bank.database.connect("auditor") as auditor, auditor.cursor() as cursor:
        assert list(selectors.altered_blocks(cursor, snapshot)) == []
        rebuilt = [block.sha256 for block in selectors.rebuilt_blocks(cursor, snapshot)]
    assert rebuilt == [bytes(digest) for (digest,) in stored]


def test_a_facility_changed_makes_another_input(bank: product_run.Bank) -> None:
    """The version of a facility is in the hash of each position under it."""
    before = bank.rows("SELECT position_id, row_hash FROM position ORDER BY 1, ordinal")
    rate = {"kind": "COMMITMENT", "rate": "0.005"}
    with bank.database.acting_as("desk"):
        product_run.load("facilities", [{**FACILITIES[1], "fees": [rate]}])
        held = [
            {"position_id": f"P-{item['code']}", "instrument": item["code"], "obligor": "CP1",
             "facility": {"LOAN": "TERM", "REV": "RCF"}[item["code"]], **STATE}
            for item in INSTRUMENTS
        ]  # fmt: skip
        product_run.load("positions", held)
    after = dict(bank.rows(
        "SELECT position_id, row_hash FROM position WHERE snapshot_id = "
        "(SELECT max(id) FROM position_snapshot)"
    ))  # fmt: skip
    known: Mapping[str, Any] = dict(before)
    assert bytes(after["P-LOAN"]) == bytes(known["P-LOAN"])
    assert bytes(after["P-REV"]) != bytes(known["P-REV"])
