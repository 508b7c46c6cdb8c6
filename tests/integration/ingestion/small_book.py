"""A small bank made by the services: a tree of two desks, obligors in groups, loans and bonds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.instrument import services as instruments
from apps.instrument.services import InstrumentContent
from apps.portfolio import services as portfolio
from apps.portfolio.services import PositionContent

AS_OF = dt.date(2022, 12, 30)
TREE = [
    {"code": "BANK", "name": "The bank", "node_type": "FUND"},
    {"code": "LENDING", "name": "Lending", "node_type": "DESK", "parent": "BANK"},
    {"code": "BOOK-A", "name": "Book A", "node_type": "BOOK", "parent": "LENDING"},
    {"code": "BOOK-B", "name": "Book B", "node_type": "BOOK", "parent": "LENDING"},
    {"code": "SMALL-TREASURY", "name": "Treasury", "node_type": "DESK", "parent": "BANK"},
    {"code": "BOOK-C", "name": "Book C", "node_type": "BOOK", "parent": "SMALL-TREASURY"},
]
ENTITY = {"code": "LE1", "name": "The bank N.A.", "country": "US", "base_currency": "USD"}
LOAN: dict[str, Any] = {
    "start_date": "2022-12-30",
    "first_payment_date": "2023-02-01",
    "original_principal": "100000",
    "rate": "0.045",
    "payments": 360,
    "interest_basis": "30/360",
    "prepayment": {"kind": "CPR", "speed": "0.06"},
}
BOND: dict[str, Any] = {
    "dated_date": "2020-05-15",
    "maturity_date": "2030-05-15",
    "coupon": "0.0125",
    "day_count": "ACT/ACT ICMA",
}
STATE: dict[str, Any] = {
    "side": "ASSET",
    "status": "PERFORMING",
    "accounting_class": "HFI",
    "spread": "0.015",
    "spread_source": "SUPPLIED",
}


def make_reference(loans: int = 40, bonds: int = 10) -> None:
    """Write the entity, the tree, 12 obligors and the instruments."""
    portfolio.write_legal_entities([ENTITY])
    portfolio.write_portfolios(TREE)
    instruments.write_counterparties(
        [
            {
                "code": f"CP{i}",
                "legal_name": f"Obligor {i}",
                "kind": "CORPORATE",
                "sector": ("ENERGY", "RETAIL")[i % 2],
                "country_of_risk": "US",
                **({"rating": "BBB"} if i % 3 else {}),
                **({"parent": "CP0"} if 0 < i < 4 else {}),
                **({"connected_group": "GROUP-X"} if i in (5, 6) else {}),
            }
            for i in range(12)
        ]
    )
    instruments.write_instruments(
        [
            *(InstrumentContent(f"LOAN{i}", "AMORT_LOAN", "USD", LOAN) for i in range(loans)),
            *(
                InstrumentContent(f"BOND{i}", "FIXED_BOND", "EUR", BOND, issuer="CP7")
                for i in range(bonds)
            ),
        ]
    )


def positions(loans: int = 40, bonds: int = 10) -> list[PositionContent]:
    """Return the positions: loans spread over two books, bonds in a third."""
    held = [
        PositionContent(
            f"P-LOAN{i}",
            ("BOOK-A", "BOOK-B")[i % 2],
            f"LOAN{i}",
            "LE1",
            STATE | {"quantity": "100000", "outstanding_principal": f"{100000 - i}.5"},
            f"CP{i % 12}",
            ("CORE", None)[i % 2],
        )
        for i in range(loans)
    ]
    held += [
        PositionContent(
            f"P-BOND{i}",
            "BOOK-C",
            f"BOND{i}",
            "LE1",
            STATE | {"quantity": "50000", "outstanding_principal": "50000"},
        )
        for i in range(bonds)
    ]
    return held
