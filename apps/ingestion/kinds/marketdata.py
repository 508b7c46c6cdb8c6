"""KIND marketdata: a market of one day, as one document or as flat rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.ingestion import rows
from apps.ingestion.contracts.marketdata import MarketRow
from apps.ingestion.kinds.positions import stem
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import json_rows, records
from apps.ingestion.readers.source import FileKind
from apps.marketdata import services
from apps.marketdata.services import MarketFault, MarketWritten

Document = dict[str, Any]


def parse(request: Request, problems: Problems) -> Document:
    """Return the market document of the file."""
    if request.source.kind is FileKind.JSON and request.source.text.lstrip().startswith("{"):
        document = json_rows.document(request.source.text)
        return _dated(document, request)
    known, required = rows.columns(MarketRow)
    read = records.read(request.source, problems, known=known, required=required)
    return _dated(of_rows(rows.typed(read, MarketRow, problems)), request)


def _dated(document: Document, request: Request) -> Document:
    asked = request.as_of.isoformat() if request.as_of else None
    stated = document.get("as_of", asked)
    if stated is None:
        raise ImportRefused.because("REQUIRED", "an as_of in the document, or --as-of")
    if asked is not None and stated != asked:
        raise ImportRefused.because("CONFLICT", f"{asked}, as --as-of says", stated, field="as_of")
    return {**document, "as_of": stated}


def of_rows(lines: Iterable[tuple[int, MarketRow]]) -> Document:
    """Return the document that flat rows make.

    A currency with one curve and no DISCOUNT row is discounted on that curve.
    """
    curves: dict[str, Document] = {}
    spreads: dict[tuple[str, str, str], Document] = {}
    document: Document = {"discount": {}, "fx": [], "settlement_days": {}}
    for _, row in lines:
        if row.part in ("PAR_QUOTE", "ZERO_NODE"):
            curve = curves.setdefault(
                str(row.name), {"name": row.name, "currency": row.currency, "kind": "ZERO"}
            )
            if row.source is not None:
                curve["source"] = row.source
            if row.part == "PAR_QUOTE":
                curve["kind"] = "PAR"
                curve.setdefault("quotes", []).append([row.tenor, row.value])
            else:
                curve.setdefault("nodes", []).append([row.date, row.value])
        elif row.part == "SPREAD":
            key = (str(row.currency), str(row.rating), str(row.sector))
            labels = dict(zip(("currency", "rating", "sector"), key, strict=True))
            spread = spreads.setdefault(key, {**labels, "nodes": []})
            spread["nodes"].append([row.tenor, row.value])
        elif row.part == "FX":
            document["fx"].append({"base": row.base, "quote": row.quote, "rate": row.value})
        elif row.part == "DISCOUNT":
            document["discount"][row.currency] = row.name
        else:
            rule = {"days": row.value, "calendar": row.calendar}
            document["settlement_days"][row.currency] = {k: v for k, v in rule.items() if v}
    document["curves"] = list(curves.values())
    document["spreads"] = list(spreads.values())
    by_currency: dict[str, list[str]] = {}
    for name, curve in curves.items():
        by_currency.setdefault(str(curve["currency"]), []).append(name)
    for currency, names in by_currency.items():
        if len(names) == 1:
            document["discount"].setdefault(currency, names[0])
    return document


def write(document: Document, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the market snapshot; a part that is wrong names its place."""
    problems.refuse()
    return outcome_of(save(document, request.snapshot or _name(document, request), request))


def save(document: Document, name: str, request: Request) -> MarketWritten:
    """Store a document, a fault of it turned into a problem of the file."""
    try:
        return services.create_market_snapshot(document, name=name)
    except MarketFault as fault:
        raise ImportRefused.because(
            "MARKET", fault.message, fault.found, field=fault.place
        ) from None


def _name(document: Mapping[str, Any], request: Request) -> str:
    stated = document.get("name")
    return str(stated)[:100] if stated else stem(request.source.name)


def outcome_of(written: MarketWritten) -> Outcome:
    """Return the outcome of a written market."""
    outcome = Outcome(
        "marketdata", 1, created=int(written.created), unchanged=int(not written.created)
    )
    outcome.ids["snapshot_id"] = written.snapshot_id
    outcome.details.update(
        as_of=written.as_of.isoformat(),
        curves=written.curves,
        spreads=written.spreads,
        fx=written.fx,
        content_hash=written.content_hash.hex(),
    )
    return outcome
