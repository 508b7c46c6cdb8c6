"""Who may do what with which table, as the catalogue has it: a text that a reviewer reads."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import psycopg

from foundation import sqlfiles
from foundation.immutability import seal, states

Connection = psycopg.Connection[tuple[Any, ...]]

_SQL = sqlfiles.load(Path(__file__).parent / "sql")
_ORDER: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_KINDS: Final = {"r": "table", "p": "partitioned", "v": "view", "m": "matview", "f": "foreign"}
_FIRES: Final = {"O": "origin", "A": "ALWAYS", "D": "DISABLED", "R": "replica"}
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32


class TableClass(StrEnum):
    """What may happen to the rows of a table."""

    SEALED = "sealed"
    STATE = "state"
    EDITED = "edited"
    WORK = "work"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger as the catalogue describes it."""

    name: str
    fires: str
    kind: int

    def __str__(self) -> str:
        when = "before" if self.kind & _BEFORE else "after"
        bits = (
            (_INSERT, "insert"),
            (_UPDATE, "update"),
            (_DELETE, "delete"),
            (_TRUNCATE, "truncate"),
        )
        events = " or ".join(word for bit, word in bits if self.kind & bit)
        level = "row" if self.kind & _ROW else "statement"
        return f"{self.name}: {when} {events} by {level}, {self.fires}"


@dataclass(slots=True)
class Relation:
    """A table or view with its rights and its triggers."""

    name: str
    kind: str
    owner: str
    rights: Mapping[str, Mapping[str, Sequence[str]]]
    triggers: Sequence[Trigger] = field(default_factory=list)

    @property
    def table_class(self) -> TableClass:
        """The class, told by the triggers that are in force."""
        if self.kind in ("view", "matview"):
            return TableClass.VIEW
        always = {trigger.name for trigger in self.triggers if trigger.fires == "ALWAYS"}
        if {seal.ROW_TRIGGER, seal.STATEMENT_TRIGGER} <= always:
            return TableClass.SEALED
        if any(name.startswith(states.TRIGGER) for name in always):
            return TableClass.STATE
        # pghistory writes an event per change with triggers of pgtrigger.
        if any(trigger.name.startswith("pgtrigger_") for trigger in self.triggers):
            return TableClass.EDITED
        return TableClass.WORK

    def may(self, role: str, privilege: str) -> bool:
        """Whether `role` has `privilege` on the table or on some of its columns."""
        return privilege in self.rights.get(role, {})


def relations(connection: Connection) -> list[Relation]:
    """Every table and view of the schema, by name; the partitions of a table count as the table."""
    rights: dict[int, dict[str, dict[str, list[str]]]] = defaultdict(lambda: defaultdict(dict))
    for oid, role, privilege, grantable in connection.execute(_SQL["table_privileges"]):
        rights[oid][role][privilege] = ["WITH GRANT OPTION"] if grantable else []
    for oid, role, privilege, column in connection.execute(_SQL["column_privileges"]):
        if rights[oid][role].get(privilege) != []:
            rights[oid][role].setdefault(privilege, []).append(column)
    triggers: dict[int, list[Trigger]] = defaultdict(list)
    for oid, name, fires, kind in connection.execute(_SQL["triggers"]):
        triggers[oid].append(Trigger(name, _FIRES[fires], kind))
    return [
        Relation(name, _KINDS[kind], owner, rights[oid], triggers[oid])
        for oid, name, kind, owner in connection.execute(_SQL["relations"])
    ]


def report(connection: Connection) -> str:
    """The whole of it as text: roles, schema, tables, functions."""
    return "\n".join(
        [
            *_roles(connection),
            "",
            *_schema(connection),
            *_tables(connection),
            *_functions(connection),
        ]
    )


def _roles(connection: Connection) -> Iterator[str]:
    yield "roles"
    words = ("superuser", "bypassrls", "createrole", "createdb", "replication")
    for name, *flags, member_of in connection.execute(_SQL["roles"]):
        held = [word for word, flag in zip(words, flags, strict=True) if flag]
        held += [f"member of {group}" for group in member_of]
        yield f"    {name:<15} {', '.join(held) or '-'}"


def _schema(connection: Connection) -> Iterator[str]:
    yield "schema public"
    for role, privilege in connection.execute(_SQL["schema"]):
        yield f"    {role:<15} {privilege}"


def _tables(connection: Connection) -> Iterator[str]:
    for relation in relations(connection):
        yield ""
        yield f"{relation.name} [{relation.table_class}] {relation.kind} of {relation.owner}"
        for role in sorted(relation.rights):
            yield f"    {role:<15} {_privileges(relation.rights[role])}"
        for trigger in relation.triggers:
            yield f"    trigger {trigger}"


def _privileges(rights: Mapping[str, Sequence[str]]) -> str:
    ordered = sorted(rights, key=lambda word: (_ORDER.index(word) if word in _ORDER else 99, word))
    return ", ".join(
        f"{privilege} ({', '.join(rights[privilege])})" if rights[privilege] else privilege
        for privilege in ordered
    )


def _functions(connection: Connection) -> Iterator[str]:
    yield ""
    yield "functions"
    for signature, definer, search_path, callers in connection.execute(_SQL["functions"]):
        rights = "as its owner" if definer else "as its caller"
        yield f"    {signature} {rights}, search_path {search_path or 'OPEN'}"
        yield f"        called by {', '.join(callers) or 'triggers and the owner'}"
    yield ""
