"""The library on the command line, without a database.

INSTRUMENTS.json is a list of positions `{"position_id", "product_type", "currency", "terms",
"state", "rating", "sector"}`; MARKET.json a market document; the scenario file a list of scenario
documents. Results go to standard output, what is wrong with the input to standard error with
exit code 2; a position that cannot be valued is a row with its failure and makes exit code 1.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing import answers, cashflows, dates, documents, valuation
from pricing.answers import Answer, Error
from pricing.axis import BASE, Axis, AxisError, Cut, asked_cell, default_cells
from pricing.batch import Names
from pricing.currencies import is_currency
from pricing.documents import InputError
from pricing.failure import Failure
from pricing.kernel import Kernel
from pricing.measures import DEFAULT_MEASURES, MEASURES, Kind, UnknownMeasure
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS
from pricing.scenarios import ScenarioError, States


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal cannot show is shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`): nothing is left to be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (InputError, ScenarioError, AxisError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except UnknownMeasure as error:
        print(f"error: unknown measure {error}", file=sys.stderr)
        return 2
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pricing", description=__doc__)
    commands = parser.add_subparsers(required=True)
    value = commands.add_parser("value", help="value positions under scenarios")
    flows = commands.add_parser("cashflows", help="list the projected flows of positions")
    for command in (value, flows):
        command.add_argument("instruments", type=Path, help="JSON file, a list of positions")
        command.add_argument("market", type=Path, help="JSON file, a market document")
        command.add_argument("--scenarios", type=Path, help="a list of scenario documents")
        command.add_argument("--valuation-date", help="default: the market's day")
        command.add_argument(
            "--allow-stale-days",
            type=int,
            default=0,
            help="how many days older than the valuation date the market may be (default 0)",
        )
        command.add_argument(
            "--cut",
            choices=[cut.value for cut in Cut],
            default="END_OF_DAY",
            help="whether flows paid on the valuation date are out (default) or in",
        )
        command.add_argument("--currency", default="USD", help="run currency (default USD)")
        command.add_argument("--json", action="store_true", help="print JSON")
    value.add_argument(
        "--measures",
        default=",".join(DEFAULT_MEASURES),
        help=f"of {', '.join(MEASURES)}; on BASE, or elsewhere as DV01@SCENARIO; PV is always "
        "valued under every scenario (default: %(default)s)",
    )
    value.add_argument(
        "--profile",
        choices=[k.value for k in Kernel],
        default="record",
        help="kernel: of record (default), or the dense products of the fast profile",
    )
    value.set_defaults(run=_value)
    flows.add_argument("--scenario", default=BASE, help="code of the scenario to project under")
    flows.set_defaults(run=_cashflows)
    schema = commands.add_parser("schema", help="print the JSON Schema of a product's positions")
    schema.add_argument("product_type", choices=sorted(PRODUCTS))
    schema.set_defaults(run=_schema)
    return parser


def _states(options: argparse.Namespace, positions: Sequence[PositionInput]) -> States:
    market = documents.market(options.market)
    scenarios = documents.scenarios(options.scenarios)
    day = _valuation_date(options, market.as_of)
    cells = default_cells(
        _measures(options), [s.code for s in scenarios], _currencies(positions), options.currency
    )
    return States(market, scenarios, Axis(cells, day, options.currency, Cut(options.cut)))


def _measures(options: argparse.Namespace) -> list[str]:
    codes = [text.strip() for text in getattr(options, "measures", "PV").split(",")]
    for text in codes:
        found = MEASURES.get(asked_cell(text).measure)
        if found is not None and found.kind is Kind.NODE:
            raise InputError(f"--measures {text} is a figure of nodes: ask a run for it")
    return codes


def _valuation_date(options: argparse.Namespace, as_of: dt.date) -> dt.date:
    """Return the day asked for; a market of an earlier day only where its age is allowed."""
    if options.valuation_date is None:
        return as_of
    try:
        day = dates.read(options.valuation_date)
    except ValueError:
        raise InputError(f"--valuation-date {options.valuation_date!r} is no date") from None
    age = (day - as_of).days
    if age < 0:
        raise InputError(f"--valuation-date {day} is before the market's day {as_of}")
    if age > options.allow_stale_days:
        raise InputError(
            f"--valuation-date {day}: the market is of {as_of}, {age} days before; "
            f"--allow-stale-days allows {options.allow_stale_days}"
        )
    return day


def _currencies(positions: Sequence[PositionInput]) -> set[str]:
    """Return the currencies that flows may be in: of positions, legs, and what is exchanged."""
    found = {position.currency for position in positions}
    for position in positions:
        if isinstance(position.terms, Mapping):
            legs = [leg for leg in position.terms.values() if isinstance(leg, Mapping)]
            found |= {
                str(part[key])
                for part in (position.terms, *legs)
                for key in ("bought_currency", "sold_currency", "currency")
                if key in part
            }
    return {currency for currency in found if is_currency(currency)}


def _value(options: argparse.Namespace) -> int:
    positions = documents.positions(options.instruments)
    states = _states(options, positions)
    divided = answers.ratios(_measures(options))
    names = Names()
    rows: dict[str, Answer | Error] = {}
    for product_type in dict.fromkeys(p.product_type for p in positions):
        group = [p for p in positions if p.product_type == product_type]
        if product_type not in PRODUCTS:
            unknown = Error("UNKNOWN_PRODUCT", f"{product_type} has no pricer")
            rows.update({p.position_id: unknown for p in group})
            continue
        packed = PRODUCTS[product_type].pack(group, names)
        valued = valuation.value(packed.batch, states, profile=options.profile)
        amounts = valuation.convert(valued, states)
        for position, failure, row in zip(group, valued.failures, amounts, strict=True):
            rows[position.position_id] = (
                answers.answer(states.axis, row.tolist(), product_type, divided)
                if failure is None
                else Error.of(failure)
            )
    ordered = [(p.position_id, rows[p.position_id]) for p in positions]
    if options.json:
        print(json.dumps([_row_json(name, row) for name, row in ordered], indent=1))
    else:
        _print_rows(ordered)
    return 1 if any(isinstance(row, Error) for _, row in ordered) else 0


def _row_json(position_id: str, row: Answer | Error) -> dict[str, Any]:
    if isinstance(row, Error):
        return {"position_id": position_id, "status": "ERROR", "error": row.as_json()}
    reasons = {"reasons": row.reasons} if row.reasons else {}
    return {"position_id": position_id, "status": "VALUED", "values": row.values, **reasons}


def _print_rows(rows: Sequence[tuple[str, Answer | Error]]) -> None:
    for position_id, row in rows:
        if isinstance(row, Error):
            cell = f" ({row.cell})" if row.cell else ""
            print(f"{position_id}  ERROR {row.code}: {row.message}{cell}")
            continue
        print(position_id)
        width = max(len(cell) for cell in row.values)
        for cell, amount in row.values.items():
            reason = f"  {row.reasons[cell]}" if cell in row.reasons else ""
            print(f"  {cell:<{width}}  {amount or 'none':>28}{reason}")


def _cashflows(options: argparse.Namespace) -> int:
    positions = documents.positions(options.instruments)
    states = _states(options, positions)
    if options.scenario not in states.places:
        raise InputError(f"--scenario {options.scenario!r} is not among the scenarios")
    listed = [_flows_of(position, states, options.scenario) for position in positions]
    if options.json:
        print(json.dumps(listed, indent=1))
    else:
        for document in listed:
            _print_flows(document)
    return 1 if any("error" in document for document in listed) else 0


def _flows_of(position: PositionInput, states: States, scenario: str) -> dict[str, Any]:
    if position.product_type not in PRODUCTS:
        failure: Failure | None = Failure(
            "UNKNOWN_PRODUCT", f"{position.product_type} has no pricer"
        )
    else:
        packed = PRODUCTS[position.product_type].pack([position], Names())
        failure = valuation.value(packed.batch, states).failures[0]
    if failure is not None:
        return {"position_id": position.position_id, "error": Error.of(failure).as_json()}
    flows = [
        {
            "date": flow.date.isoformat(),
            "kind": flow.kind,
            "currency": flow.currency,
            "amount": answers.decimal(flow.amount, 6),
            "zero_rate": answers.decimal(flow.zero_rate, 10),
            "spread": answers.decimal(flow.spread, 10),
            "discount_factor": answers.decimal(flow.discount_factor, 12),
            "spread_factor": answers.decimal(flow.spread_factor, 12),
            "pv": answers.decimal(flow.pv, 6),
            "curve": flow.curve,
            "nodes": [[day.isoformat(), answers.decimal(weight, 6)] for day, weight in flow.nodes],
        }
        for flow in cashflows.cashflows(packed.batch, states, scenario)
    ]
    return {"position_id": position.position_id, "scenario": scenario, "flows": flows}


def _print_flows(document: Mapping[str, Any]) -> None:
    print(document["position_id"])
    if "error" in document:
        print(f"  ERROR {document['error']['code']}: {document['error']['message']}")
        return
    print(f"  {'date':<10} {'kind':<10} {'':<3} {'amount':>20} {'factor':>14} {'pv':>20}")
    for flow in document["flows"]:
        factor = Decimal(flow["discount_factor"]) * Decimal(flow["spread_factor"])
        print(
            f"  {flow['date']:<10} {flow['kind']:<10} {flow['currency']:<3} "
            f"{flow['amount']:>20} {factor:>14.10f} {flow['pv']:>20}"
        )


def _schema(options: argparse.Namespace) -> int:
    print(json.dumps(PRODUCTS[options.product_type].schema(), indent=1))
    return 0
