"""KIND instruments: contracts, their terms checked by the contract of their product."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from apps.ingestion import identity, rows
from apps.ingestion.contracts.instruments import InstrumentRow
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import Problems
from apps.ingestion.readers import records
from apps.instrument import adapters, conventions, selectors, services
from apps.instrument.services import InstrumentContent

_CHECKED_AT_ONCE = 10_000


@dataclass(slots=True)
class Instruments:
    """Instruments with their lines, and the defaults that conventions filled in."""

    lines: list[tuple[int, InstrumentContent]] = field(default_factory=list)
    defaults: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """Return what a reader of the report must know."""
        filled = [
            f"{count:,} times {default} by convention"
            for default, count in sorted(self.defaults.items())
        ]
        opaque = [
            f"{count:,} {product}: terms stored unchecked, the product is not priced yet"
            for product, count in sorted(self.unchecked.items())
        ]
        return filled + opaque


def parse(request: Request, problems: Problems, progress: Progress) -> Instruments:
    """Return the instruments of the file, terms in their stored form."""
    known, required = rows.columns(InstrumentRow)
    read = records.read(request.source, problems, known=known, required=required, progress=progress)
    found = Instruments()
    for line, row in rows.typed(read, InstrumentRow, problems):
        add(found, line, row, problems)
    check_terms(found, problems)
    return found


def add(found: Instruments, line: int, row: InstrumentRow, problems: Problems) -> None:
    """Add one row with its terms made normal and its conventions applied."""
    terms = dict(row.terms)
    if row.market_convention is not None:
        defaults = conventions.defaults(row.market_convention, row.product_type)
        if defaults is None:
            problems.add(
                "CHOICE",
                f"a convention for {row.product_type}: one of {_conventions(row.product_type)}",
                row.market_convention,
                line=line,
                field="market_convention",
            )
            return
        for name, value in defaults.items():
            if name not in terms:
                terms[name] = value
                found.defaults[f"{name} {value} ({row.market_convention})"] += 1
    normal, faults = adapters.normal_terms(row.product_type, row.currency, terms)
    for fault in faults:
        problems.add(fault.code, fault.expected, fault.found, line=line, field=fault.field)
    if faults:
        return
    if not adapters.is_priced(row.product_type):
        found.unchecked[row.product_type] += 1
    found.lines.append((line, _content(row, normal)))


def check_terms(found: Instruments, problems: Problems) -> None:
    """Note what products refuse of the terms: dates in the wrong order, terms beyond 100 years."""
    by_product: dict[str, list[tuple[int, InstrumentContent]]] = {}
    for line, content in found.lines:
        by_product.setdefault(content.product_type, []).append((line, content))
    for product_type, lines in by_product.items():
        for first in range(0, len(lines), _CHECKED_AT_ONCE):
            part = lines[first : first + _CHECKED_AT_ONCE]
            refused = adapters.check_terms(
                product_type, [(content.currency, content.terms) for _, content in part]
            )
            for (line, content), fault in zip(part, refused, strict=True):
                if fault is not None:
                    problems.add(
                        fault.code,
                        fault.expected,
                        _value_at(content.terms, fault.field),
                        line=line,
                        field=fault.field,
                    )


def check(found: Instruments, problems: Problems) -> None:
    """Note repeated codes and issuers that do not exist."""
    lines = found.lines
    identity.unique(lines, lambda row: row.code, problems)
    issuers = {row.issuer for _, row in lines if row.issuer is not None}
    with connection.cursor() as cursor:
        stored = selectors.instrument_codes_like(cursor, {row.code for _, row in lines})
        known = set(selectors.counterparty_codes_like(cursor, issuers).values())
    identity.like_stored(lines, lambda row: row.code, stored, problems)
    for line, row in lines:
        if row.issuer is not None and row.issuer not in known:
            problems.add(
                "REFERENCE", "a counterparty that exists", row.issuer, line=line, field="issuer"
            )


def write(found: Instruments, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write the instruments once they have passed every check."""
    check(found, problems)
    problems.refuse()
    written = services.write_instruments(content for _, content in found.lines)
    outcome = Outcome(
        "instruments", len(found.lines), written.created, written.changed, written.unchanged
    )
    outcome.notes.extend(found.notes())
    return outcome


def _content(row: InstrumentRow, terms: dict[str, Any]) -> InstrumentContent:
    return InstrumentContent(
        row.code,
        row.product_type,
        row.currency,
        terms,
        row.name or "",
        row.isin or "",
        row.cusip or "",
        row.issuer,
    )


def _conventions(product_type: str) -> str:
    names = [name for name, of in conventions.CONVENTIONS.items() if product_type in of]
    return ", ".join(names) or "none"


def _value_at(terms: Any, field_name: str) -> Any:
    for part in field_name.split(".")[1:]:
        terms = terms.get(part, "") if isinstance(terms, dict) else ""
    return "" if isinstance(terms, dict) else terms
