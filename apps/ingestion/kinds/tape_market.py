"""Market history through a profile: the quotes of one day, alone or on top of a stored market."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.ingestion.kinds import marketdata
from apps.ingestion.kinds.positions import stem
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.profile import MarketProfile
from apps.ingestion.readers import csv_rows
from apps.instrument import adapters as instruments
from apps.marketdata import selectors
from foundation.hashing import decimal_text

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,12})?", re.ASCII)


@dataclass(slots=True)
class MarketTape:
    """The market document of one day, and what of the day's quotes it does not carry."""

    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def parse(chosen: MarketProfile, request: Request) -> MarketTape:
    """Return the quotes of the day asked for."""
    if request.reject_file is not None:
        raise ImportRefused.because(
            "CONFLICT", "a tape of loans for this option", chosen.profile, field="--reject-file"
        )
    if request.as_of is None:
        raise ImportRefused.because("REQUIRED", "--as-of: which day of the file")
    line, cells = _row_of(chosen, request.as_of, request.source.text)
    _check_columns(chosen, list(cells))
    tape = MarketTape(
        {
            "as_of": request.as_of.isoformat(),
            "source": f"{chosen.source}, {request.as_of}",
            "curves": [],
            "discount": {},
            "fx": [],
        }
    )
    if chosen.curve is not None:
        _add_curve(chosen, cells, line, tape, request.as_of)
    if chosen.fx is not None:
        _add_fx(chosen, cells, line, tape)
    return tape


def _row_of(chosen: MarketProfile, day: dt.date, text: str) -> tuple[int, dict[str, str]]:
    wanted = day.isoformat()
    last_before = ""
    found: tuple[int, dict[str, str]] | None = None
    for line, cells in csv_rows.table(text):
        date = cells.get(chosen.date)
        if date is None:
            raise ImportRefused.because(
                "HEADER_MISSING", f"a column {chosen.date}", line=1, field="header"
            )
        if date == wanted:
            if found is not None:
                raise ImportRefused.because("DUPLICATE", "each day once", date, line=line)
            found = line, cells
        elif last_before < date < wanted:
            last_before = date
    if found is None:
        before = f"the day before it in the file is {last_before}" if last_before else "no day"
        raise ImportRefused.because("NO_DATA", f"a row of {wanted}", before, field=chosen.date)
    return found


def _check_columns(chosen: MarketProfile, header: Sequence[str]) -> None:
    known = {chosen.date, *chosen.ignored, *chosen.withdrawn}
    if chosen.curve is not None:
        known |= set(chosen.curve.tenors)
    unknown = [name for name in header if name not in known]
    if chosen.fx is not None:
        unknown = [name for name in unknown if not instruments.is_currency(name)]
    if unknown:
        raise ImportRefused.because(
            "HEADER_UNKNOWN", f"the columns of profile {chosen.profile}", unknown[0], line=1
        )


def _quote(chosen: MarketProfile, cells: dict[str, str], name: str, line: int) -> str | None:
    text = cells.get(name, "").strip()
    if text in chosen.absent:
        return None
    if not _NUMBER.fullmatch(text):
        raise ImportRefused.because("NUMBER", "a plain decimal number", text, line=line, field=name)
    return decimal_text(Decimal(text) * chosen.scale)


def _add_curve(
    chosen: MarketProfile, cells: dict[str, str], line: int, tape: MarketTape, day: dt.date
) -> None:
    curve = chosen.curve
    assert curve is not None
    found = [(tenor, _quote(chosen, cells, tenor, line)) for tenor in curve.tenors]
    quotes = [[tenor, rate] for tenor, rate in found if rate is not None]
    if not quotes:
        raise ImportRefused.because("NO_DATA", "a quote for at least one tenor", line=line)
    missing = [tenor for tenor, rate in found if rate is None]
    if missing:
        tape.notes.append(f"no quote on {day} for {', '.join(missing)}")
    tape.document["curves"].append(
        {
            "name": curve.name,
            "currency": curve.currency,
            "kind": "PAR",
            "quotes": quotes,
            "source": f"{chosen.source}, {day}",
        }
    )
    tape.document["discount"][curve.currency] = curve.name


def _add_fx(chosen: MarketProfile, cells: dict[str, str], line: int, tape: MarketTape) -> None:
    assert chosen.fx is not None
    for name in cells:
        if name == chosen.date or name in chosen.ignored:
            continue
        rate = _quote(chosen, cells, name, line)
        if rate is None:
            continue
        if name in chosen.withdrawn:
            tape.notes.append(f"{name} {rate} is not carried: a currency since withdrawn")
            continue
        tape.document["fx"].append({"base": chosen.fx.base, "quote": name, "rate": rate})
    if not tape.document["fx"]:
        raise ImportRefused.because("NO_DATA", "at least one rate", line=line)


def write(tape: MarketTape, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the market of the day; `--snapshot ID` adds it to that market as a new snapshot."""
    problems.refuse()
    document, name = tape.document, request.snapshot or stem(request.source.name)
    if request.snapshot is not None and request.snapshot.isdecimal():
        document, name = _on_top(int(request.snapshot), document)
    outcome = marketdata.outcome_of(marketdata.save(marketdata.Market(document), name))
    outcome.notes.extend(tape.notes)
    return outcome


def _on_top(snapshot_id: int, added: dict[str, Any]) -> tuple[dict[str, Any], str]:
    with connection.cursor() as cursor:
        below = selectors.market_document(cursor, snapshot_id)
    if below is None:
        raise ImportRefused.because(
            "REFERENCE", "the id of a market snapshot", snapshot_id, field="--snapshot"
        )
    if below.as_of.isoformat() != added["as_of"]:
        raise ImportRefused.because(
            "CONFLICT", f"a day equal to that of snapshot {snapshot_id}", below.as_of
        )
    document = dict(below.document)
    names = {curve["name"] for curve in added["curves"]}
    kept = [curve for curve in document.get("curves", []) if curve["name"] not in names]
    pairs = {frozenset((quote["base"], quote["quote"])) for quote in added["fx"]}
    fx = [q for q in document.get("fx", []) if frozenset((q["base"], q["quote"])) not in pairs]
    document["curves"] = [*kept, *added["curves"]]
    document["fx"] = [*fx, *added["fx"]]
    document["discount"] = {**document.get("discount", {}), **added["discount"]}
    # In one order, so that the same parts are the same market whichever came first.
    sources = {*str(document.get("source", "")).split("; "), str(added["source"])}
    document["source"] = "; ".join(sorted(sources - {""}))
    return document, below.name
