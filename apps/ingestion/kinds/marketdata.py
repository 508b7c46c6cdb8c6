"""KIND marketdata: a market of one day, as one document or as flat rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.ingestion import asked, rows
from apps.ingestion.contracts.marketdata import MarketRow
from apps.ingestion.kinds.positions import stem
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.readers import json_rows, records
from apps.ingestion.readers.source import FileKind
from apps.marketdata import services
from apps.marketdata.services import MarketFault, MarketWritten

Document = dict[str, Any]


@dataclass(slots=True)
class Market:
    """A market document, and where a flat file says each part of it: place -> line."""

    document: Document
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, place: str) -> int | None:
        """Return the line of a place such as `curves[0].nodes[1]`, or of what it is part of."""
        place = place.partition(" ")[0]
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.lines.get(place)


def parse(request: Request, problems: Problems, progress: Progress) -> Market:
    """Return the market document of the file."""
    if request.source.kind is FileKind.JSON and request.source.text.lstrip().startswith("{"):
        market = Market(json_rows.document(request.source.text))
    else:
        known, required = rows.columns(MarketRow)
        read = records.read(
            request.source, problems, known=known, required=required, progress=progress
        )
        market = of_rows(rows.typed(read, MarketRow, problems), problems)
    market.document = _dated(market.document, request)
    return market


def _dated(document: Document, request: Request) -> Document:
    asked_for = request.as_of.isoformat() if request.as_of else None
    stated = document.get("as_of", asked_for)
    if stated is None:
        raise ImportRefused.because("REQUIRED", "an as_of in the document, or --as-of")
    if asked_for is not None and stated != asked_for:
        raise ImportRefused.because(
            "CONFLICT", f"{asked_for}, as --as-of says", stated, field="as_of"
        )
    return {**document, "as_of": stated}


def of_rows(lines: Iterable[tuple[int, MarketRow]], problems: Problems) -> Market:
    """Return the document that flat rows make; rows that contradict another are noted.

    A currency with one curve and no DISCOUNT row is discounted on that curve.
    """
    market = Market({"curves": [], "spreads": [], "discount": {}, "fx": [], "settlement_days": {}})
    curves: dict[str, int] = {}
    spreads: dict[tuple[str, str, str], int] = {}
    for line, row in lines:
        if row.part in ("PAR_QUOTE", "ZERO_NODE"):
            _add_to_curve(market, curves, line, row, problems)
        elif row.part == "SPREAD":
            _add_to_spread(market, spreads, line, row)
        elif row.part == "FX":
            market.lines[f"fx[{len(market.document['fx'])}]"] = line
            rate = {"base": row.base, "quote": row.quote, "rate": row.value}
            market.document["fx"].append(rate)
        elif row.part == "DISCOUNT":
            _set_once(market, "discount", line, row, row.name, problems)
        else:
            rule = {"days": row.value, "calendar": row.calendar}
            rule = {name: value for name, value in rule.items() if value}
            _set_once(market, "settlement_days", line, row, rule, problems)
    _discount_on_the_only_curve(market.document)
    return market


def _add_to_curve(
    market: Market, curves: dict[str, int], line: int, row: MarketRow, problems: Problems
) -> None:
    name = str(row.name)
    number = curves.setdefault(name, len(curves))
    if number == len(market.document["curves"]):
        curve = {"name": name, "currency": row.currency, "kind": "ZERO"}
        market.document["curves"].append(curve)
        market.lines[f"curves[{number}]"] = market.lines[name] = line
    curve = market.document["curves"][number]
    for field_name in ("currency", "source"):
        stated = getattr(row, field_name)
        if stated is not None and curve.setdefault(field_name, stated) != stated:
            expected = f"{curve[field_name]}, as another row of curve {name} says"
            problems.add("CONFLICT", expected, stated, line=line, field=field_name)
    part, node = "nodes", [row.date, row.value]
    if row.part == "PAR_QUOTE":
        curve["kind"] = "PAR"
        part, node = "quotes", [row.tenor, row.value]
    nodes = curve.setdefault(part, [])
    # A fault of calibration names the curve, any other the place in the document.
    for place in (f"curves[{number}]", name):
        market.lines[f"{place}.{part}[{len(nodes)}]"] = line
    nodes.append(node)


def _add_to_spread(
    market: Market, spreads: dict[tuple[str, str, str], int], line: int, row: MarketRow
) -> None:
    key = (str(row.currency), str(row.rating), str(row.sector))
    number = spreads.setdefault(key, len(spreads))
    if number == len(market.document["spreads"]):
        labels = dict(zip(("currency", "rating", "sector"), key, strict=True))
        market.document["spreads"].append({**labels, "nodes": []})
        market.lines[f"spreads[{number}]"] = line
    nodes = market.document["spreads"][number]["nodes"]
    market.lines[f"spreads[{number}].nodes[{len(nodes)}]"] = line
    nodes.append([row.tenor, row.value])


def _set_once(
    market: Market, part: str, line: int, row: MarketRow, value: object, problems: Problems
) -> None:
    place = f"{part}.{row.currency}"
    first = market.lines.setdefault(place, line)
    if first != line:
        problems.add(
            "DUPLICATE", f"once: see line {first}", row.currency, line=line, field="currency"
        )
    market.document[part][row.currency] = value


def _discount_on_the_only_curve(document: Document) -> None:
    by_currency: dict[str, list[str]] = {}
    for curve in document["curves"]:
        by_currency.setdefault(str(curve["currency"]), []).append(str(curve["name"]))
    for currency, names in by_currency.items():
        if len(names) == 1:
            document["discount"].setdefault(currency, names[0])


def write(market: Market, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the market snapshot; a part that is wrong names its place."""
    problems.refuse()
    return outcome_of(save(market, request.snapshot or _name(market.document, request)))


def save(market: Market, name: str) -> MarketWritten:
    """Store a document, a fault of it turned into a problem of the file."""
    try:
        return services.create_market_snapshot(market.document, name=name)
    except MarketFault as fault:
        raise ImportRefused.because(
            "MARKET",
            fault.message,
            fault.found,
            line=market.line_of(fault.place),
            field=fault.place,
        ) from None


def _name(document: Mapping[str, Any], request: Request) -> str:
    stated = document.get("name")
    return asked.name(stated, "name") if stated else stem(request.source.name)


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
