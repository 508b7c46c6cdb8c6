"""Defaulted loans with expected recoveries: a file, a worker process, stored cells."""

from __future__ import annotations

from typing import Any

from tests.integration.result import product_run

LOAN: dict[str, Any] = {
    "start_date": "2020-03-15", "first_payment_date": "2020-06-15", "maturity_date": "2026-03-15",
    "original_principal": "12000000", "rate": "0.065", "amortisation": "LINEAR",
    "frequency": "QUARTERLY", "issue_price": "98.5",
}  # fmt: skip
INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "LOAN", "product_type": "AMORT_LOAN", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN", "terms": LOAN},
]  # fmt: skip
STATE = {
    "side": "ASSET", "status": "DEFAULTED", "accounting_class": "HFI", "quantity": "9000000",
    "outstanding_principal": "9000000", "spread_source": "SUPPLIED", "spread": "0.03",
    "credit_basis": "CASHFLOW", "default_date": "2022-10-14", "recovery_severity": "0.55",
    "recovery_lag_months": "24", "recovery_to_date": "250000", "deferred_fees_costs": "-20000",
    "legal_entity": "LE1", "book": "BOOK-A",
}  # fmt: skip
MEASURES = ("PV", "DV01", "CS01", "WAL", "PRINCIPAL", "CLEAN_PRICE", "AMORTISED_COST")


def test_a_defaulted_loan_is_stored_at_what_is_expected_of_it(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> None:
    with product_run.valued(
        databases, template, django_db_blocker, INSTRUMENTS, STATE, MEASURES
    ) as bank:
        measures, ((*cells,),) = product_run.check_stored_cells(bank)
    found = dict(zip(measures, cells, strict=True))
    assert found["PRINCIPAL"] == 9_000_000 * 10**6
    assert found["AMORTISED_COST"] == 8_980_000 * 10**6
    # 45% of nine million less what has come in, two years after October.
    assert found["PRINCIPAL_FLOWS"] == 3_800_000 * 10**6
    assert 0.8 * 3_800_000 < found["PV"] / 10**6 < 3_800_000
