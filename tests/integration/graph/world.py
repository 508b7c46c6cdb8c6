"""A database with a completed run, reference data around it, and users who see parts of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connections

from apps.access import services as access
from apps.access.models import User
from apps.instrument import services as instruments
from apps.instrument.models import Counterparty
from apps.portfolio.models import Portfolio, PortfolioGrant
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from tests.conftest import TestDatabase, _acting_as, _point_at
from tests.databases import Databases
from tests.integration.result import synthetic

ALL = ("run.submit", "run.cancel", "run.retry", "publication.publish")


@dataclass
class World:
    """The run and the users: `head` sees all, `analyst` DESK_A, `trader` BOOK_A1 and BOOK_B1."""

    done: synthetic.Completed
    database: Any
    tokens: dict[str, str]

    @property
    def run(self) -> str:
        return str(self.done.run)

    def user(self, name: str) -> User:
        return User.objects.get(username=name)

    def ask(self, query: str, user: str = "head", **variables: Any) -> dict[str, Any]:
        """The whole answer, errors included."""
        return execute(Asked(query, variables, None), Context(user=self.user(user)))

    def data(self, query: str, user: str = "head", **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = self.ask(query, user, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def refusal(self, query: str, user: str = "head", **variables: Any) -> tuple[str, str]:
        """The code and message of the only error."""
        (error,) = self.ask(query, user, **variables)["errors"]
        return error["extensions"]["code"], error["message"]


def build(databases: Databases, template: str) -> tuple[str, World]:
    """A database with the world in it, to be cloned for each test, and what to know of it."""
    name = databases.clone(template, "world")
    before = connections.settings["default"]["NAME"]
    _point_at(name)
    try:
        found = TestDatabase(name, databases)
        done = synthetic.complete_run(found, synthetic.make_book(200, errors=(3, 150)), shards=4)
        with _acting_as("desk"):
            _reference_data()
            tokens = _users()
    finally:
        _point_at(before)
    return name, World(done, found, tokens)


def _reference_data() -> None:
    by_node: dict[int, Portfolio] = {}
    for node, code, node_type, parent, _ in synthetic.NODES:
        by_node[node] = Portfolio.objects.create(
            code=code,
            name=f"{code} portfolio",
            node_type=node_type,
            parent=by_node[parent] if parent else None,
        )
    group = Counterparty.objects.create(code="GROUP", legal_name="Group plc", kind="CORPORATE")
    for number in range(5):
        Counterparty.objects.create(
            code=f"C{number}", legal_name=f"Company {number}", kind="CORPORATE", parent=group
        )
    instruments.write_instruments(
        instruments.InstrumentContent(
            code=f"I{number}",
            product_type="AMORT_LOAN",
            currency="USD",
            terms={"rate": "0.05", "n": number},
            issuer=f"C{number % 5}",
        )
        for number in range(6)
    )
    instruments.write_facilities(
        {
            "code": f"F{number}",
            "obligor": f"C{number % 5}",
            "kind": "LC" if number % 2 else "REVOLVER",
            "parent": "F0" if number % 2 else None,
            "currency": "USD",
            "commitment": "25000000.5",
            "fees": [{"kind": "COMMITMENT", "rate": "0.00375"}],
        }
        for number in range(6)
    )


def _users() -> dict[str, str]:
    granted = {"analyst": ["DESK_A"], "trader": ["BOOK_A1", "BOOK_B1"], "stranger": []}
    access.create_user(username="head", password="secret", actor="test", is_superuser=True)
    for name, codes in granted.items():
        user = access.create_user(
            username=name,
            password="secret",
            actor="test",
            permissions=ALL if name == "analyst" else (),
        )
        for code in codes:
            PortfolioGrant.objects.create(
                user=user, portfolio=Portfolio.objects.get(code=code), reason="test"
            )
    return {
        name: access.issue_token(
            user=User.objects.get(username=name), name="test", life=dt.timedelta(days=1), actor="t"
        )
        for name in ("head", *granted)
    }
