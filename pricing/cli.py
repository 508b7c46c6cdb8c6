"""The library on the command line, without a database.

INSTRUMENTS.json is a list of positions `{"position_id", "product_type", "currency", "terms",
"state", "rating", "sector"}`; MARKET.json a market document; the scenario file a list of scenario
documents. Results go to standard output, what is wrong with the input to standard error with
exit code 2; a position that cannot be valued is a row with its failure and makes exit code 1.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing import cashflows, valuation
from pricing.axis import BASE, Axis, AxisError, Cut, default_cells
from pricing.batch import Names
from pricing.currencies import is_currency
from pricing.failure import Failure
from pricing.kernel import Kernel
from pricing.market import snapshot
from pricing.market.completion import completed
from pricing.market.errors import MarketError
from pricing.measures import DEFAULT_MEASURES, UnknownMeasure
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS
from pricing.scenarios import Scenario, ScenarioError, States, parse
from pricing.scenarios import shocks as standard


class InputError(ValueError):
    """A file of the command cannot be used; the message names the place."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except (InputError, MarketError, ScenarioError, AxisError) as error:
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
        command.add_argument("instruments", type=Path)
        command.add_argument("market", type=Path)
        command.add_argument("--scenarios", type=Path, help="a list of scenario documents")
        command.add_argument("--valuation-date", help="default: the market's day")
        command.add_argument("--cut", choices=[cut.value for cut in Cut], default="END_OF_DAY")
        command.add_argument("--currency", default="USD", help="run currency")
        command.add_argument("--json", action="store_true", help="print JSON")
    value.add_argument("--measures", default=",".join(DEFAULT_MEASURES))
    value.add_argument("--profile", choices=[k.value for k in Kernel], default="record")
    value.set_defaults(run=_value)
    flows.add_argument("--scenario", default=BASE, help="code of the scenario to project under")
    flows.set_defaults(run=_cashflows)
    schema = commands.add_parser("schema", help="print the JSON Schema of a product's positions")
    schema.add_argument("product_type", choices=sorted(PRODUCTS))
    schema.set_defaults(run=_schema)
    return parser


def _load(path: Path) -> Any:
    def refuse(text: str) -> None:
        raise InputError(f"{path}: {text} is no JSON number")

    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, parse_float=Decimal, parse_constant=refuse)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}:{error.colno}: {error.msg}") from None


def _positions(path: Path) -> list[PositionInput]:
    document = _load(path)
    if isinstance(document, Mapping):
        document = document.get("instruments", document.get("positions"))
    if not isinstance(document, list):
        raise InputError(f"{path}: a list of positions is expected")
    known = {"position_id", "product_type", "currency", "terms", "state", "rating", "sector"}
    seen: set[str] = set()
    positions: list[PositionInput] = []
    for index, item in enumerate(document):
        place = f"{path}[{index}]"
        if not isinstance(item, Mapping):
            raise InputError(f"{place}: an object is expected")
        if extra := sorted(set(item) - known):
            raise InputError(f"{place}.{extra[0]}: no such field")
        for key in ("position_id", "product_type", "currency"):
            if not isinstance(item.get(key), str):
                raise InputError(f"{place}.{key}: a text is expected")
        if item["position_id"] in seen:
            raise InputError(f"{place}: position {item['position_id']} stands twice")
        seen.add(item["position_id"])
        positions.append(
            PositionInput(
                item["position_id"],
                item["product_type"],
                item["currency"],
                item.get("terms", {}),
                item.get("state") or {},
                item.get("rating"),
                item.get("sector"),
            )
        )
    return positions


def _scenarios(path: Path | None) -> list[Scenario]:
    if path is None:
        return [standard.BASE]
    document = _load(path)
    if isinstance(document, Mapping):
        document = document.get("scenarios")
    if not isinstance(document, list):
        raise InputError(f"{path}: a list of scenarios is expected")
    scenarios = [parse(item) for item in document]
    if all(scenario.code != BASE for scenario in scenarios):
        scenarios.insert(0, standard.BASE)
    return scenarios


def _states(options: argparse.Namespace, positions: Sequence[PositionInput]) -> States:
    market = snapshot.parse(completed(_load(options.market)))
    scenarios = _scenarios(options.scenarios)
    day = market.as_of
    if options.valuation_date:
        try:
            day = dt.date.fromisoformat(options.valuation_date)
        except ValueError:
            raise InputError(f"--valuation-date {options.valuation_date!r} is no date") from None
    measures = getattr(options, "measures", "PV").split(",")
    cells = default_cells(
        measures, [s.code for s in scenarios], _currencies(positions), options.currency
    )
    return States(market, scenarios, Axis(cells, day, options.currency, Cut(options.cut)))


def _currencies(positions: Sequence[PositionInput]) -> set[str]:
    found = {position.currency for position in positions}
    for position in positions:
        if isinstance(position.terms, Mapping):
            found |= {
                str(position.terms[key])
                for key in ("bought_currency", "sold_currency")
                if key in position.terms
            }
    return {currency for currency in found if is_currency(currency)}


def _value(options: argparse.Namespace) -> int:
    positions = _positions(options.instruments)
    states = _states(options, positions)
    names = Names()
    rows: dict[str, dict[str, str] | Failure] = {}
    for product_type in dict.fromkeys(p.product_type for p in positions):
        group = [p for p in positions if p.product_type == product_type]
        if product_type not in PRODUCTS:
            failure = Failure("UNKNOWN_PRODUCT", f"{product_type} has no pricer")
            rows.update({p.position_id: failure for p in group})
            continue
        packed = PRODUCTS[product_type].pack(group, names)
        valued = valuation.value(packed.batch, states, profile=options.profile)
        amounts = valuation.convert(valued, states)
        for index, position in enumerate(group):
            cells = {
                str(cell): _decimal(float(amounts[index, place]), states.axis.quantum(cell))
                for place, cell in enumerate(states.axis.cells)
            }
            rows[position.position_id] = valued.failures[index] or cells
    ordered = [(p.position_id, rows[p.position_id]) for p in positions]
    if options.json:
        print(json.dumps([_row_json(name, row) for name, row in ordered], indent=1))
    else:
        _print_rows(ordered)
    return 1 if any(isinstance(row, Failure) for _, row in ordered) else 0


def _row_json(position_id: str, row: dict[str, str] | Failure) -> dict[str, Any]:
    if isinstance(row, Failure):
        error = {"code": row.code, "message": row.message}
        return {"position_id": position_id, "status": "ERROR", "error": error}
    return {"position_id": position_id, "status": "VALUED", "values": row}


def _print_rows(rows: Sequence[tuple[str, dict[str, str] | Failure]]) -> None:
    for position_id, row in rows:
        if isinstance(row, Failure):
            print(f"{position_id}  ERROR {row.code}: {row.message}")
            continue
        print(position_id)
        width = max(len(cell) for cell in row)
        for cell, amount in row.items():
            print(f"  {cell:<{width}}  {amount:>28}")


def _decimal(value: float, exponent: int) -> str:
    """Return a value rounded half to even to its quantum, as it would be stored."""
    quantum = Decimal(1).scaleb(-exponent)
    return format(Decimal(value).quantize(quantum), "f")


def _cashflows(options: argparse.Namespace) -> int:
    positions = _positions(options.instruments)
    states = _states(options, positions)
    if options.scenario not in states.places:
        raise InputError(f"--scenario {options.scenario!r} is not among the scenarios")
    documents: list[dict[str, Any]] = []
    failed = False
    for position in positions:
        documents.append(_flows_of(position, states, options.scenario))
        failed |= "error" in documents[-1]
    if options.json:
        print(json.dumps(documents, indent=1))
    else:
        for document in documents:
            _print_flows(document)
    return 1 if failed else 0


def _flows_of(position: PositionInput, states: States, scenario: str) -> dict[str, Any]:
    if position.product_type not in PRODUCTS:
        failure: Failure | None = Failure("UNKNOWN_PRODUCT", f"{position.product_type}")
    else:
        packed = PRODUCTS[position.product_type].pack([position], Names())
        failure = valuation.value(packed.batch, states).failures[0]
    if failure is not None:
        error = {"code": failure.code, "message": failure.message}
        return {"position_id": position.position_id, "error": error}
    flows = [
        {
            "date": flow.date.isoformat(),
            "kind": flow.kind,
            "currency": flow.currency,
            "amount": _decimal(flow.amount, 6),
            "zero_rate": _decimal(flow.zero_rate, 10),
            "spread": _decimal(flow.spread, 10),
            "discount_factor": _decimal(flow.discount_factor, 12),
            "spread_factor": _decimal(flow.spread_factor, 12),
            "pv": _decimal(flow.pv, 6),
            "curve": flow.curve,
            "nodes": [[day.isoformat(), _decimal(weight, 6)] for day, weight in flow.nodes],
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
