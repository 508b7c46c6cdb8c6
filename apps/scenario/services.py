"""Writes of scenarios and of ordered sets of them; both immutable and content-addressed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.scenario import adapters
from apps.scenario.adapters import ScenarioFault
from foundation import hashing, sqlfiles

__all__ = [
    "ScenarioFault",
    "ScenarioWritten",
    "SetWritten",
    "create_scenario",
    "create_scenario_set",
]

SQL = sqlfiles.load(Path(__file__).parent / "sql")

MOST_SCENARIOS = 10_000


@dataclass(frozen=True, slots=True)
class ScenarioWritten:
    """The row that holds a scenario, and whether it is new."""

    scenario_id: int
    created: bool
    code: str
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class SetWritten:
    """The set that holds the scenarios in this order, and whether it is new."""

    scenario_set_id: int
    created: bool
    scenarios: tuple[ScenarioWritten, ...]


@transaction.atomic
def create_scenario(
    document: Mapping[str, Any], *, library: Sequence[Mapping[str, Any]] = ()
) -> ScenarioWritten:
    """Store a scenario document, or return the row that already holds it.

    Parts that it names are those of `library`, else the stored scenario of that code; one of
    which several versions are stored must stand in the library.
    """
    normal = adapters.normal_document(document, _library([document], library))
    text = hashing.canonical(normal)
    digest = hashing.sha256(text)
    with connection.cursor() as cursor:
        cursor.execute(SQL["scenario_lock"])
        cursor.execute(SQL["scenario_of_hash"], {"content_hash": digest})
        row = cursor.fetchone()
        created = row is None
        if created:
            cursor.execute(
                SQL["scenario_insert"],
                {
                    "code": normal["code"],
                    "name": normal["name"],
                    "kind": normal["kind"],
                    "content_hash": digest,
                    "document": text,
                },
            )
            row = cursor.fetchone()
    return ScenarioWritten(int(row[0]), created, normal["code"], digest)


@transaction.atomic
def create_scenario_set(
    *,
    code: str,
    name: str,
    scenarios: Sequence[Mapping[str, Any]],
    library: Sequence[Mapping[str, Any]] = (),
    basis: Mapping[str, Any] | None = None,
) -> SetWritten:
    """Store scenarios and the set they make in this order, or return the set that holds them.

    BASE stands first: a set that lacks it is given it. A code stands once in a set. Composed
    scenarios find their parts among the scenarios, then in `library`, then in what is stored.
    `basis` says how a set was made, and is part of its content.
    """
    if not 0 < len(code) <= 64 or not 0 < len(name) <= 200:
        raise ScenarioFault(code or "set", "a code of 1 to 64 and a name of 1 to 200 characters")
    if len(scenarios) > MOST_SCENARIOS:
        raise ScenarioFault(code, f"at most {MOST_SCENARIOS} scenarios", len(scenarios))
    base = [item for item in scenarios if item.get("code") == adapters.BASE]
    rest = [item for item in scenarios if item.get("code") != adapters.BASE]
    written = tuple(
        create_scenario(item, library=[*library, *scenarios])
        for item in [*(base or [adapters.base_document()]), *rest]
    )
    _refuse_twice(code, [item.code for item in written])
    digest = hashing.content_hash(
        {
            **({"basis": basis} if basis else {}),
            "code": code,
            "name": name,
            "scenarios": [item.content_hash.hex() for item in written],
        }
    )
    with connection.cursor() as cursor:
        cursor.execute(SQL["scenario_lock"])
        cursor.execute(SQL["set_of_hash"], {"content_hash": digest})
        row = cursor.fetchone()
        if row is not None:
            return SetWritten(int(row[0]), False, written)
        cursor.execute(SQL["set_next"])
        number = int(cursor.fetchone()[0])
        ids = [item.scenario_id for item in written]
        cursor.execute(SQL["set_member_insert"], {"set": number, "scenarios": ids})
        cursor.execute(
            SQL["set_insert"],
            {
                "set": number,
                "code": code,
                "name": name,
                "content_hash": digest,
                "count": len(ids),
                "basis": hashing.canonical(basis) if basis else "",
            },
        )
    return SetWritten(number, True, written)


def _library(
    documents: Sequence[Mapping[str, Any]], library: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Return by code what the parts of documents, and the parts of these, may be."""
    if not any(adapters.parts_of(document) for document in documents):
        return {}
    known = {str(item.get("code")): item for item in library if isinstance(item, Mapping)}
    wanted = {code for item in (*documents, *known.values()) for code in adapters.parts_of(item)}
    with connection.cursor() as cursor:
        cursor.execute(SQL["scenarios_of_code"], {"codes": sorted(wanted - known.keys())})
        for code, document, versions in cursor.fetchall():
            if versions > 1:
                raise ScenarioFault(code, f"{versions} versions are stored: give the one meant")
            known[code] = json.loads(document)
    return known


def _refuse_twice(place: str, codes: Sequence[str]) -> None:
    seen: set[str] = set()
    for code in codes:
        if code.lower() in seen:
            raise ScenarioFault(place, "each scenario code once, whatever its case", code)
        seen.add(code.lower())
