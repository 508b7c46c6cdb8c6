"""Pools, strips and tranches through files, a worker process and stored cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.result import product_run

POOL = {
    "accrual_start_date": "2022-11-01", "wac": "0.0612", "wam": 340, "age": 12,
    "servicing_fee": "0.0025", "guarantee_fee": "0.0035",
    "prepayment": {"kind": "S_CURVE", "lowest": "0.05", "highest": "0.4", "seasoning": 30,
                   "mortgage_spread": "0.015"},
}  # fmt: skip
DEAL = {
    "accrual_start_date": "2022-12-01", "payment_delay_days": 24,
    "collateral": [{"balance": "9000000", "rate": "0.0575", "months": 240, "age": 20},
                   {"balance": "1000000", "rate": "0.03", "months": 60, "rate_kind": "FLOATING",
                    "amortisation": "BULLET"}],
    "tranches": [{"name": "PAC", "balance": "4000000", "kind": "PAC", "coupon": "0.0475",
                  "planned_balances": ["3900000", "3800000", "3700000"]},
                 {"name": "F", "balance": "5000000", "margin": "0.01", "cap": "0.07",
                  "oc_trigger": "1.02"},
                 {"name": "R", "balance": "1000000", "kind": "RESIDUAL"}],
    "tranche": "F", "index_rate": "0.0425", "prepayment": {"kind": "PSA", "speed": "1.75"},
}  # fmt: skip
INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "POOL", "product_type": "ABS_MBS", "currency": "USD",
     "market_convention": "UMBS", "terms": POOL},
    {"code": "STRIP", "product_type": "ABS_MBS", "currency": "USD",
     "market_convention": "GINNIE_MAE_I",
     "terms": {**POOL, "strip": "IO",
               "prepayment": {"kind": "CPR", "vector": ["0.02", "0.04", "0.06"]}}},
    {"code": "NOTE", "product_type": "STRUCTURED", "currency": "USD", "terms": DEAL},
]  # fmt: skip
STATE = {
    "side": "ASSET",
    "status": "PERFORMING",
    "accounting_class": "AFS",
    "quantity": "1000000",
    "outstanding_principal": "1000000",
    "spread_source": "SUPPLIED",
    "spread": "0.0025",
    "legal_entity": "LE1",
    "book": "BOOK-C",
}
MEASURES = ("PV", "ACCRUED", "DV01", "CS01", "WAL", "CONVEXITY", "PRINCIPAL")


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[product_run.Bank]:
    with product_run.valued(
        databases, template, django_db_blocker, INSTRUMENTS, STATE, MEASURES
    ) as found:
        yield found


def test_cells_of_pools_and_tranches_are_those_of_the_library(bank: product_run.Bank) -> None:
    product_run.check_stored_cells(bank)
