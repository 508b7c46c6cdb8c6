"""`manage.py make_scenarios CODE --kind KIND`: make a scenario set by a rule, and store it."""

from __future__ import annotations

import datetime as dt
import json
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.scenario import adapters, making
from apps.scenario.adapters import ScenarioFault
from foundation import roles

KINDS = ("historical", "key-rates", "spreads", "irrbb", "fed")
_FILES = ("domestic", "international", "historic", "historic-international")


class Command(BaseCommand):
    """Make a scenario set: from a history, as a ladder, or from what a supervisor publishes."""

    help = "Make a scenario set: all of it, or an error naming the place and nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("code", metavar="CODE", help="code of the set")
        parser.add_argument("--kind", choices=KINDS, required=True)
        past = parser.add_argument_group("historical")
        past.add_argument(
            "--history", type=int, action="append", default=[], metavar="ID", help="one or several"
        )
        past.add_argument("--from", type=_date, dest="first", metavar="DATE")
        past.add_argument("--to", type=_date, dest="last", metavar="DATE")
        past.add_argument("--horizon-days", type=int, default=1, metavar="N")
        overlap = past.add_mutually_exclusive_group()
        overlap.add_argument("--overlapping", action="store_true", default=None)
        overlap.add_argument("--disjoint", action="store_false", dest="overlapping")
        past.add_argument(
            "--returns", type=_returns, default={}, metavar="RATES=ABSOLUTE,FX=RELATIVE"
        )
        past.add_argument("--missing-days", choices=adapters.MISSING_DAYS, default="REFUSE")
        past.add_argument("--rates-move", choices=adapters.RATES_MOVE, default="CURVE")
        past.add_argument("--demean", action="store_true", help="take the mean move off each move")
        past.add_argument("--currency", default="USD", help="that of the runs: FX is in it")
        past.add_argument("--at-least", type=int, default=1, metavar="N", help="scenarios")
        rungs = parser.add_argument_group("key-rates, spreads")
        rungs.add_argument("--size-bp", type=_decimal, default=Decimal(1), metavar="BP")
        rungs.add_argument("--tenors", type=_list, default=(), metavar="3M,1Y")
        rungs.add_argument("--ratings", type=_list, default=(), metavar="A,BBB")
        rules = parser.add_argument_group("irrbb, fed")
        rules.add_argument("--day", type=_date, metavar="DATE", help="the edition in force then")
        rules.add_argument("--currencies", type=_list, default=(), metavar="USD,EUR")
        for name in _FILES:
            rules.add_argument(f"--{name}", type=Path, metavar="CSV", help="of the Fed, as it is")
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")

    def handle(self, **options: Any) -> None:
        """Make the set and say what is in it."""
        if roles.current() is not roles.Role.DESK:
            raise CommandError(f"sets are made as the desk, not as {roles.current()}: TIEOUT_ROLE")
        started = time.perf_counter()
        try:
            made = _make(options)
        except ScenarioFault as fault:
            found = f", found {fault.found}" if fault.found != "" else ""
            raise CommandError(f"{fault}{found}: nothing was written", returncode=1) from None
        seconds = time.perf_counter() - started
        written = made.written
        if options["json"]:
            report = {
                "ok": True,
                "scenario_set_id": written.scenario_set_id,
                "created": written.created,
                "scenarios": len(written.scenarios),
                "seconds": round(seconds, 3),
                "basis": dict(made.basis),
            }
            self.stdout.write(json.dumps(report))
            return
        state = "made" if written.created else "there already"
        self.stdout.write(
            f"{options['code']}: set {written.scenario_set_id} {state}, BASE and "
            f"{len(written.scenarios) - 1:,} scenarios, {seconds:.1f} s"
        )


def _make(options: dict[str, Any]) -> making.Made:
    kind, code = options["kind"], options["code"]
    if kind == "historical":
        _require(options, "first", "last", "history", "returns")
        return making.make_historical(
            code=code,
            history_ids=options["history"],
            asked=adapters.HistoricalRule(
                options["first"],
                options["last"],
                options["horizon_days"],
                options["overlapping"],
                options["returns"],
                options["missing_days"],
                options["demean"],
                options["currency"],
                options["at_least"],
                options["rates_move"],
            ),
        )
    if kind in ("key-rates", "spreads"):
        if kind == "spreads":
            _require(options, "ratings")
        rule = adapters.LadderRule(
            kind.replace("-", "_").upper(),
            options["size_bp"],
            options["tenors"],
            options["currencies"],
            options["ratings"],
        )
        return making.make_ladder(code=code, asked=rule)
    if kind == "irrbb":
        _require(options, "day", "currencies")
        regulatory = adapters.RegulatoryRule(options["day"], options["currencies"])
        return making.make_regulatory(code=code, asked=regulatory)
    _require(options, *(name.replace("-", "_") for name in _FILES))
    files = [_text(options[name.replace("-", "_")]) for name in _FILES]
    currencies = options["currencies"] or ("EUR", "GBP", "JPY")
    supervisory = adapters.SupervisoryRule(files, currencies, code)
    return making.make_supervisory(code=code, asked=supervisory)


def _require(options: dict[str, Any], *names: str) -> None:
    words = {"first": "from", "last": "to"}
    for name in names:
        if not options[name]:
            option = words.get(name, name).replace("_", "-")
            raise CommandError(f"--{option} is needed for --kind {options['kind']}", returncode=2)


def _text(path: Path) -> tuple[str, str]:
    try:
        return path.name, path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}", returncode=1) from None


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite():
        raise ValueError(text)
    return value


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _returns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in _list(text)]
    return {name: mode for name, _, mode in pairs}
