"""KIND scenarios: declared changes of the market, and the ordered sets that runs take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from apps.ingestion import rows
from apps.ingestion.contracts.scenarios import ScenarioRow
from apps.ingestion.kinds.positions import stem
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import json_rows, records
from apps.ingestion.readers.source import FileKind
from apps.scenario import services
from apps.scenario.services import ScenarioFault

Document = dict[str, Any]


@dataclass(slots=True)
class ScenarioSets:
    """The sets a file makes: code, name and the documents of each, in order."""

    sets: list[tuple[str, str, list[Document]]] = field(default_factory=list)


def parse(request: Request, problems: Problems) -> ScenarioSets:
    """Return the scenarios of the file in the sets it names, else in one named after it.

    A file is one object `{code, name, scenarios: [..]}`, one `{scenarios: [..], sets: [..]}` with
    members by code, or scenarios as an array, as lines or as CSV rows of shocks.
    """
    source = request.source
    own = request.snapshot or stem(source.name).upper()
    if source.kind is FileKind.CSV:
        known, required = rows.columns(ScenarioRow)
        read = records.read(source, problems, known=known, required=required)
        documents = of_rows(rows.typed(read, ScenarioRow, problems))
        return ScenarioSets([(own, own, documents)])
    if source.kind is FileKind.JSON and source.text.lstrip().startswith("{"):
        return _of_object(json_rows.document(source.text), own)
    read = records.read(source, problems, known=())
    return ScenarioSets([(own, own, [record.values for record in read])])


def of_rows(lines: Iterable[tuple[int, ScenarioRow]]) -> list[Document]:
    """Return the documents that rows of shocks make, in order of their first row."""
    documents: dict[str, Document] = {}
    for _, row in lines:
        document = documents.setdefault(row.code, {"code": row.code, "shocks": []})
        if row.name is not None:
            document["name"] = row.name
        shock = {k: v for k, v in row.present().items() if k not in ("code", "name")}
        if "tenors" in shock:
            shock["tenors"] = [pair.split(":", 1) for pair in shock["tenors"].split(" ")]
        if shock:
            document["shocks"].append(shock)
    return list(documents.values())


def _of_object(document: Document, own: str) -> ScenarioSets:
    if "shocks" in document or "scenarios" not in document:
        return ScenarioSets([(own, own, [document])])
    allowed = {"code", "name", "scenarios", "sets", "source"}
    for name in document:
        if name not in allowed:
            expected = f"one of {', '.join(sorted(allowed))}"
            raise ImportRefused.because("HEADER_UNKNOWN", expected, name, field=name)
    scenarios = _list(document["scenarios"], "scenarios")
    if "sets" not in document:
        code = str(document.get("code", own))
        return ScenarioSets([(code, str(document.get("name", code)), scenarios)])
    by_code = {str(item.get("code")): item for item in scenarios}
    return ScenarioSets(
        [
            _named_set(item, f"sets[{at}]", by_code)
            for at, item in enumerate(_list(document["sets"], "sets"))
        ]
    )


def _named_set(
    item: Document, place: str, by_code: dict[str, Document]
) -> tuple[str, str, list[Document]]:
    for name in item:
        if name not in ("code", "name", "members"):
            raise ImportRefused.because(
                "HEADER_UNKNOWN", "one of code, members, name", name, field=f"{place}.{name}"
            )
    listed = item.get("members")
    if not isinstance(listed, list) or not listed:
        raise ImportRefused.because(
            "TYPE", "a list of scenario codes", listed, field=f"{place}.members"
        )
    members: list[Document] = []
    for code in listed:
        if str(code) not in by_code:
            raise ImportRefused.because(
                "REFERENCE", "a scenario of the file", code, field=f"{place}.members"
            )
        members.append(by_code[str(code)])
    code = str(item.get("code", ""))
    return code, str(item.get("name", code)), members


def _list(value: Any, place: str) -> list[Document]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ImportRefused.because("TYPE", "a list of objects", value, field=place)
    if not value:
        raise ImportRefused.because("FILE_EMPTY", "at least one", "none", field=place)
    return value


def write(found: ScenarioSets, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write scenarios and sets; BASE is put in front of a set that lacks it."""
    problems.refuse()
    outcome = Outcome("scenarios", sum(len(documents) for _, _, documents in found.sets))
    sets: dict[str, int] = {}
    for code, name, documents in found.sets:
        try:
            written = services.create_scenario_set(code=code, name=name, scenarios=documents)
        except ScenarioFault as fault:
            raise ImportRefused.because(
                "SCENARIO", fault.message, fault.found, field=fault.place
            ) from None
        sets[code] = written.scenario_set_id
        codes = {str(item.get("code")) for item in documents}
        own = [item for item in written.scenarios if item.code in codes]
        outcome.created += sum(item.created for item in own)
        outcome.unchanged += sum(not item.created for item in own)
        if len(own) < len(written.scenarios):
            outcome.notes.append(f"BASE was put in front of {code}")
        outcome.details["sets_created"] = bool(
            outcome.details.get("sets_created") or written.created
        )
    outcome.ids["scenario_set_id"] = next(iter(sets.values()))
    outcome.details["sets"] = sets
    return outcome
