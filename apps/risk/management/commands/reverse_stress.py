"""`manage.py reverse_stress RUN`: the size of a shock at which a node loses an amount."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.result.selectors import RunNotComplete, UnknownCell, UnknownNode, UnknownRun
from apps.risk.reverse import selectors
from apps.risk.reverse.selectors import (
    Moved,
    NotStressed,
    ParallelShock,
    ReverseStress,
    Root,
    Searched,
)
from foundation.exact import decimal_text

_REFUSALS = (NotStressed, RunNotComplete, UnknownCell, UnknownNode, UnknownRun)


class Command(BaseCommand):
    """Value a node's positions again under a shock of many sizes, and say which exhausts a loss."""

    help = "Find the size of a shock that brings the loss of a node of a run to an amount."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the run, the loss, one shock or a pair, and the range of sizes."""
        parser.add_argument("run", type=int)
        parser.add_argument("--loss", required=True, type=_decimal, help="in the run's currency")
        parser.add_argument("--node", help="code of a portfolio; the run's own without")
        shock = parser.add_mutually_exclusive_group(required=True)
        shock.add_argument(
            "--rates", nargs="?", const="", metavar="CUR",
            help="all zero rates in parallel, or those of a currency",
        )  # fmt: skip
        shock.add_argument(
            "--spreads", nargs="*", metavar="RATING", help="all spreads, or those of ratings"
        )
        shock.add_argument(
            "--pair", metavar="rates,spreads", help="the second at sizes of the first"
        )
        parser.add_argument("--from", dest="first", type=_decimal, default=Decimal(-300), help="bp")
        parser.add_argument("--to", dest="last", type=_decimal, default=Decimal(300), help="bp")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every size found with the loss there and the bracket it stands in."""
        try:
            found = selectors.reverse_stress(
                options["run"],
                options["loss"],
                _shocks(options),
                node=options["node"],
                from_bp=options["first"],
                to_bp=options["last"],
                most=None,
            )
        except _REFUSALS as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_facts(found)))
            return
        names = " and ".join(shock.name for shock in found.shocks)
        self.stdout.write(
            f"{found.node.code} of run {found.run}: {names} for a loss of "
            f"{found.text(found.threshold)} {found.currency}, {found.covered} of "
            f"{found.positions} positions"
        )
        if not found.this_engine:
            self.stdout.write(self.style.WARNING("the run was computed by another engine"))
        if found.base != found.stored:
            self.stdout.write(
                self.style.WARNING(
                    f"they are worth {found.text(found.base)} here, {found.text(found.stored)} "
                    "in the run"
                )
            )
        for searched in found.searched:
            self._print(found, searched)

    def _print(self, found: ReverseStress, searched: Searched) -> None:
        first, last = searched.grid[0], searched.grid[-1]
        where = f"from {_bp(first)} to {_bp(last)} bp"
        if searched.first is not None:
            where = f"{found.shocks[0].name} {_bp(searched.first)} bp, {where}"
        if not searched.roots:
            self.stdout.write(f"{where}: none")
        for root in searched.roots:
            self.stdout.write(
                f"{where}: {_bp(root.reached)} bp loses {found.text(root.loss_reached)}, "
                f"{_bp(root.within)} bp {found.text(root.loss_within)}"
            )
        if not searched.monotone:
            self.stdout.write(
                "  the loss turns in the range: what turns twice between two of "
                f"{len(searched.grid)} sizes is not seen"
            )


def _shocks(options: dict[str, Any]) -> tuple[ParallelShock, ...]:
    if options["rates"] is not None:
        return (ParallelShock(Moved.RATES, currency=options["rates"]),)
    if options["spreads"] is not None:
        return (ParallelShock(Moved.SPREADS, ratings=tuple(options["spreads"])),)
    names = options["pair"].upper().split(",")
    if sorted(names) != sorted(Moved):
        raise CommandError(f"pair: {options['pair']!r} is not rates,spreads or spreads,rates")
    return tuple(ParallelShock(Moved(name)) for name in names)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def _bp(tenths: int) -> str:
    return decimal_text(tenths, 1)


def _facts(found: ReverseStress) -> dict[str, Any]:
    return {
        "run": found.run,
        "node": found.node.code,
        "shocks": [shock.name for shock in found.shocks],
        "loss": found.text(found.threshold),
        "currency": found.currency,
        "positions": found.positions,
        "covered": found.covered,
        "base": found.text(found.base),
        "stored": found.text(found.stored),
        "this_engine": found.this_engine,
        "searched": [_searched(found, each) for each in found.searched],
    }


def _searched(found: ReverseStress, searched: Searched) -> dict[str, Any]:
    return {
        "first_bp": None if searched.first is None else _bp(searched.first),
        "from_bp": _bp(searched.grid[0]),
        "to_bp": _bp(searched.grid[-1]),
        "sizes": len(searched.grid),
        "monotone": searched.monotone,
        "roots": [_root(found, each) for each in searched.roots],
    }


def _root(found: ReverseStress, root: Root) -> dict[str, str]:
    return {
        "reached_bp": _bp(root.reached),
        "loss_reached": found.text(root.loss_reached),
        "within_bp": _bp(root.within),
        "loss_within": found.text(root.loss_within),
    }
