"""A small book in many runs: other markets, another book, another date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.instrument import services as instruments
from apps.instrument.services import InstrumentContent
from apps.marketdata import services as marketdata
from apps.portfolio import services as portfolio
from apps.portfolio.services import PositionContent
from apps.scenario import services as scenarios
from tests.integration.ingestion import small_book
from tests.integration.result import priced
from tests.integration.result.shared import shared_database

LATER = dt.date(2023, 1, 30)
PAID = dt.date(2023, 2, 2)
"""The day after the first payment of the loans."""
MEASURES = ("PV", "DV01", "KEY_RATE_DV01", "CS01")
MARKET: dict[str, Any] = priced.MARKET | {
    "spreads": [
        {"currency": currency, "rating": "BBB", "sector": "ALL", "nodes": [["1Y", "0.012"],
         ["5Y", "0.018"], ["30Y", "0.022"]]}
        for currency in ("EUR", "USD")
    ],
}  # fmt: skip
MATRIX = {"spread": None, "spread_source": "MATRIX"}
MARKED = {
    "spread": None,
    "spread_source": "MARK",
    "mark_price": "82.5",
    "price_quote_basis": "CLEAN",
}


def state(**changed: Any) -> dict[str, Any]:
    """The state of a bond of 50,000, or what is given; None takes a field away."""
    made = small_book.STATE | {"quantity": "50000", "outstanding_principal": "50000"} | changed
    return {name: value for name, value in made.items() if value is not None}


def book(*more: PositionContent, without: tuple[str, ...] = ()) -> list[PositionContent]:
    """Six loans, three EUR bonds at a supplied spread, one on the matrix and one at a mark."""
    held = [
        *small_book.positions(6, 3),
        PositionContent("P-MATRIX", "BOOK-C", "BOND1", "LE1", state(**MATRIX)),
        PositionContent("P-MARK", "BOOK-C", "BOND2", "LE1", state(**MARKED)),
    ]
    taken = {each.position_id for each in more} | set(without)
    return [each for each in held if each.position_id not in taken] + list(more)


def moved(
    market: dict[str, Any] = MARKET,
    *,
    rates: dict[str, str] | None = None,
    spread: str = "0",
    euro: str = "1.0666",
    as_of: dt.date = small_book.AS_OF,
) -> dict[str, Any]:
    """A market with parallel moves of zero rates by currency, of spreads, and of EURUSD.

    On a later day every tenor keeps its rate.
    """
    days = as_of - small_book.AS_OF

    def curve(made: dict[str, Any]) -> dict[str, Any]:
        up = Decimal((rates or {}).get(made["currency"], "0"))
        nodes = [
            [(dt.date.fromisoformat(date) + days).isoformat(), str(Decimal(rate) + up)]
            for date, rate in made["nodes"]
        ]
        return made | {"nodes": nodes}

    return market | {
        "as_of": as_of.isoformat(),
        "curves": [curve(each) for each in market["curves"]],
        "spreads": [
            each | {"nodes": [[t, str(Decimal(s) + Decimal(spread))] for t, s in each["nodes"]]}
            for each in market["spreads"]
        ],
        "fx": [{"base": "EUR", "quote": "USD", "rate": euro}],
    }


@dataclass
class Runs:
    """Finished runs by name, and the database they are in."""

    database: Any
    ids: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        return self.ids[name]


@contextmanager
def finished(databases: Any, template: str, blocker: Any) -> Iterator[Runs]:
    """All the runs that the tests compare, valued by one worker."""
    with shared_database(databases, template, blocker) as database:
        found = Runs(database)
        with database.acting_as("desk"):
            small_book.make_reference(8, 3)
            chosen = scenarios.create_scenario_set(code="TEST", name="Test", scenarios=[])
            books = {
                "book": _snapshot("book", book()),
                "changed": _snapshot("changed", changed_book()),
                "remarked": _snapshot("remarked", remarked_book()),
                "later": _snapshot("later", book(), LATER),
                "paid": _snapshot("paid", paid_book(), PAID),
            }
            _faster("LOAN3")
            books["faster"] = _snapshot("faster", book())
            markets = {
                name: marketdata.create_market_snapshot(document | {"name": name}).snapshot_id
                for name, document in MARKETS.items()
            }
        for name, (positions, market, options) in RUNS.items():
            inputs = priced.Inputs(books[positions], markets[market], chosen.scenario_set_id)
            given = {"measures": MEASURES} | options
            found.ids[name] = priced.submit(inputs, **given)
        priced.work(database)
        yield found


MARKETS = {
    "base": MARKET,
    "euro up 1bp": moved(rates={"EUR": "0.0001"}),
    "euro up 2bp": moved(rates={"EUR": "0.0002"}),
    "all moved": moved(rates={"EUR": "0.002", "USD": "-0.0015"}, spread="0.001", euro="1.10"),
    "spreads": moved(spread="0.001"),
    "without matrix": {name: part for name, part in MARKET.items() if name != "spreads"},
    "later": moved(as_of=LATER),
    "paid": moved(as_of=PAID),
    "later and moved": moved(
        rates={"EUR": "0.002", "USD": "-0.0015"}, spread="0.001", euro="1.10", as_of=LATER
    ),
}
RUNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "base": ("book", "base", {}),
    "again": ("book", "base", {"force": True, "shards": 3}),
    "euro up 1bp": ("book", "euro up 1bp", {}),
    "euro up 2bp": ("book", "euro up 2bp", {}),
    "all moved": ("book", "all moved", {}),
    "spreads": ("book", "spreads", {}),
    "changed": ("changed", "base", {}),
    "remarked": ("remarked", "base", {}),
    "faster": ("faster", "base", {}),
    "without matrix": ("book", "without matrix", {}),
    "paid": ("paid", "paid", {}),
    "later": ("later", "later", {}),
    "later and moved": ("later", "later and moved", {}),
    "in euro": ("book", "base", {"currency": "EUR"}),
}


def changed_book() -> list[PositionContent]:
    """One position is new, one gone, one amended, one in another desk's book."""
    loan = small_book.STATE | {"quantity": "100000", "outstanding_principal": "100002.5"}
    repaid = loan | {"outstanding_principal": "70000"}
    return book(
        PositionContent("P-NEW", "BOOK-A", "LOAN6", "LE1", loan, "CP6"),
        PositionContent("P-LOAN2", "BOOK-A", "LOAN2", "LE1", repaid, "CP2", "CORE"),
        PositionContent("P-BOND1", "BOOK-B", "BOND1", "LE1", state()),
        without=("P-LOAN4",),
    )


def remarked_book() -> list[PositionContent]:
    """The mark has fallen."""
    marked = state(**MARKED | {"mark_price": "80"})
    return book(PositionContent("P-MARK", "BOOK-C", "BOND2", "LE1", marked))


def paid_book() -> list[PositionContent]:
    """The loans have paid their first instalment and prepaid at 6% a year."""
    rate, smm = 0.045 / 12, 1 - 0.94 ** (1 / 12)
    later = []
    for number in range(6):
        balance = 100_000.5 - number
        # From 2022-12-30 to 2023-02-01 are 31 days of 360.
        payment = balance * rate / (1 - (1 + rate) ** -360)
        left = (balance - payment + balance * 0.045 * 31 / 360) * (1 - smm)
        paid = small_book.STATE | {
            "quantity": "100000",
            "outstanding_principal": f"{left:.2f}",
            "current_payment": f"{payment * (1 - smm):.2f}",
        }
        where = (("BOOK-A", "CORE"), ("BOOK-B", None))[number % 2]
        later.append(
            PositionContent(
                f"P-LOAN{number}", where[0], f"LOAN{number}", "LE1", paid, f"CP{number}", where[1]
            )
        )
    return book(*later)


def _faster(loan: str) -> None:
    """Let a loan prepay faster from now on."""
    terms = small_book.LOAN | {"prepayment": {"kind": "CPR", "speed": "0.12"}}
    instruments.write_instruments([InstrumentContent(loan, "AMORT_LOAN", "USD", terms)])


def _snapshot(
    name: str, positions: list[PositionContent], as_of: dt.date = small_book.AS_OF
) -> int:
    return portfolio.create_position_snapshot(
        as_of=as_of, name=name, positions=positions
    ).snapshot_id
