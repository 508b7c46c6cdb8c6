"""Bonds, bills, notes, linkers and callables through files, a worker process and stored cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.result import product_run

INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "GILT", "product_type": "FIXED_BOND", "currency": "USD",
     "market_convention": "UK_GILT",
     "terms": {"dated_date": "2020-01-07", "maturity_date": "2031-01-07", "coupon": "0.04"}},
    {"code": "SINKER", "product_type": "FIXED_BOND", "currency": "USD",
     "market_convention": "US_CORPORATE_BOND",
     "terms": {"dated_date": "2020-02-15", "maturity_date": "2030-02-15", "coupon": "0.05",
               "coupon_steps": [["2025-02-15", "0.055"]], "amortisation": "LINEAR"}},
    {"code": "BILL", "product_type": "ZERO_COUPON", "currency": "USD",
     "market_convention": "US_TREASURY",
     "terms": {"issue_date": "2022-12-01", "maturity_date": "2023-06-01"}},
    {"code": "NOTE", "product_type": "FLOATING_NOTE", "currency": "USD",
     "market_convention": "SOFR_NOTE",
     "terms": {"dated_date": "2022-11-15", "maturity_date": "2027-11-15", "index": "SOFR",
               "margin": "0.0115"}},
    {"code": "SWAP_NOTE", "product_type": "FLOATING_NOTE", "currency": "USD",
     "market_convention": "SOFR_NOTE",
     "terms": {"dated_date": "2023-01-17", "maturity_date": "2028-01-17", "index": "USD_CMS_10Y",
               "margin": "0.005", "cap": "0.06", "amortisation": "LINEAR"}},
    {"code": "RANGE", "product_type": "FLOATING_NOTE", "currency": "USD",
     "market_convention": "SOFR_NOTE",
     "terms": {"dated_date": "2023-01-17", "maturity_date": "2026-01-17", "index": "TERM_SOFR_3M",
               "margin": "0.01",
               "accrual_range": {"rate": "0.05", "lower": "0.02", "upper": "0.06"}}},
    {"code": "TIPS", "product_type": "INFLATION_BOND", "currency": "USD",
     "market_convention": "US_TREASURY",
     "terms": {"dated_date": "2021-01-15", "maturity_date": "2031-01-15", "coupon": "0.00125",
               "index": "US_CPI_U"}},
    {"code": "CALLABLE", "product_type": "CALLABLE_BOND", "currency": "USD",
     "market_convention": "US_CORPORATE_BOND",
     "terms": {"dated_date": "2020-02-15", "maturity_date": "2032-02-15", "coupon": "0.055",
               "call_schedule": [["2025-02-15", "102"], ["2027-02-15", "100"]]}},
    {"code": "PREPAYABLE", "product_type": "CALLABLE_BOND", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"dated_date": "2021-06-15", "maturity_date": "2028-06-15", "coupon": "0.0675",
               "amortisation": "LEVEL_PAY", "amortisation_payments": 300,
               "call_style": "AMERICAN",
               "call_schedule": [["2023-06-15", "103"], ["2024-06-15", "101"],
                                 ["2025-06-15", "100"]]}},
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
MEASURES = ("PV", "ACCRUED", "DV01", "CS01", "WAL", "YIELD_SEMI_BOND", "DISCOUNT_MARGIN",
            "DISCOUNT_RATE", "YIELD_REAL_SEMI_BOND", "INFLATION01", "OAS", "OPTION_VALUE",
            "EFFECTIVE_DURATION", "VEGA")  # fmt: skip


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[product_run.Bank]:
    with product_run.valued(
        databases, template, django_db_blocker, INSTRUMENTS, STATE, MEASURES
    ) as found:
        yield found


def test_cells_of_every_bond_product_are_those_of_the_library(bank: product_run.Bank) -> None:
    product_run.check_stored_cells(bank)
