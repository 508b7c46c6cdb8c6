"""compare_runs: explain the change of PV and DV01 from one run to another."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.result.selectors import (
    NotAggregable,
    RunNotComplete,
    UnknownCell,
    UnknownNode,
    UnknownRun,
)
from apps.risk.explain import selectors
from apps.risk.explain.selectors import Comparison, MeasureChange, NotComparable

_REFUSALS = (
    NotAggregable,
    NotComparable,
    RunNotComplete,
    UnknownCell,
    UnknownNode,
    UnknownRun,
)


class Command(BaseCommand):
    """Explain the change of PV and DV01 from one run to another, in columns that add up."""

    help = "Explain the change of PV and DV01 from one run to another, in columns that add up."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the runs, a node and the measures."""
        parser.add_argument("opening", type=int, metavar="FROM")
        parser.add_argument("closing", type=int, metavar="TO")
        parser.add_argument("--node", help="code of a portfolio; the closing run's own without")
        parser.add_argument("--measures", default="PV,DV01", help="comma-separated")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print opening, every column and closing of the node and its children."""
        measures = [each for each in options["measures"].split(",") if each]
        try:
            found = selectors.compare(
                options["opening"],
                options["closing"],
                node=options["node"],
                measures=measures,
                most=None,
            )
        except _REFUSALS as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_facts(found)))
            return
        self.stdout.write(
            f"run {found.opening_run} of {found.opening_date} to run {found.closing_run} of "
            f"{found.closing_date}, {found.currency}"
        )
        for warning in _warnings(found):
            self.stdout.write(self.style.WARNING(warning))
        for change in found.measures:
            self._table(found, change)
        for name, counts in found.counts.items():
            self.stdout.write(f"{name.lower():<24}" + "".join(f"{each:>22,}" for each in counts))

    def _table(self, found: Comparison, change: MeasureChange) -> None:
        def line(name: str, amounts: list[int]) -> None:
            texts = "".join(f"{change.text(each):>22}" for each in amounts)
            self.stdout.write(f"{name:<24}{texts}")

        heads = "".join(f"{node.code[:21]:>22}" for node in found.nodes)
        self.stdout.write(f"\n{change.measure:<24}{heads}")
        line("opening", change.opening)
        for name, amounts in zip(change.columns, change.amounts, strict=True):
            if any(amounts):
                line(f"  {name}", amounts)
        line("closing", change.closing)
        if change.pnl is not None:
            line("hypothetical P&L", change.pnl)
        self.stdout.write("")


def _warnings(found: Comparison) -> list[str]:
    warnings = []
    if not found.same_engine:
        warnings.append("the runs were computed by different engines: RESIDUAL holds what that did")
    elif not found.this_engine:
        warnings.append("the steps are valued by another engine than the runs': see RESIDUAL")
    failed = found.counts["UNEXPLAINED"][0]
    if failed:
        warnings.append(f"{failed} positions have no value on the way: their change is in RESIDUAL")
    return warnings


def _facts(found: Comparison) -> dict[str, Any]:
    return {
        "from": found.opening_run,
        "to": found.closing_run,
        "from_date": found.opening_date.isoformat(),
        "to_date": found.closing_date.isoformat(),
        "currency": found.currency,
        "same_engine": found.same_engine,
        "this_engine": found.this_engine,
        "nodes": [node.code for node in found.nodes],
        "counts": dict(found.counts),
        "measures": [_change(change) for change in found.measures],
        "moves": [
            {"kind": m.kind, "factor": m.factor, "from": m.opening, "to": m.closing}
            for m in found.moves
        ],
    }


def _change(change: MeasureChange) -> dict[str, Any]:
    def texts(amounts: list[int]) -> list[str]:
        return [change.text(each) for each in amounts]

    return {
        "measure": change.measure,
        "unit": change.unit,
        "currency": change.currency,
        "opening": texts(change.opening),
        "columns": [
            {"name": name, "amounts": texts(amounts)}
            for name, amounts in zip(change.columns, change.amounts, strict=True)
        ],
        "closing": texts(change.closing),
        "pnl": None if change.pnl is None else texts(change.pnl),
    }
