"""Between a run's request and the pricing library: axis, market, notionals, input hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from apps.portfolio.dimensions import Dimension
from apps.result import rollup
from apps.run.contracts import CellSpec, PositionError, RunRequest, Shard
from foundation import hashing
from pricing import valuation
from pricing.axis import Axis, Cut, default_cells
from pricing.batch import Batch
from pricing.cashflow.defaults import DEFAULT_BUCKETS, DEFAULT_HORIZON
from pricing.kernel import Kernel
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.market import snapshot
from pricing.market.snapshot import Market
from pricing.measures import MEASURES, Conversion, Kind
from pricing.scenarios.parse import parse
from pricing.scenarios.states import States

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEPT_RUNS = 2


def axis_of(request: RunRequest) -> Axis:
    """Return the pricing axis of a request: every asked measure on BASE, PV elsewhere."""
    tenors = tuple(request.options.get("key_rate_tenors", DEFAULT_KEY_RATE_TENORS))
    ladder = tuple(request.options.get("ladder_buckets", DEFAULT_BUCKETS))
    horizon = str(request.options.get("horizon", DEFAULT_HORIZON))
    cells = default_cells(
        request.measures,
        [str(scenario["code"]) for scenario in request.scenarios],
        request.currencies,
        request.currency,
        tenors,
        ladder,
    )
    cut = Cut(request.cut)
    return Axis(cells, request.valuation_date, request.currency, cut, tenors, ladder, horizon)


def specs(axis: Axis) -> list[CellSpec]:
    """Return the stored cells of a pricing axis, with their unit, currency, quantum and kind."""
    found = []
    for cell in axis.cells:
        definition = MEASURES[cell.measure]
        found.append(
            CellSpec(
                measure=cell.measure,
                scenario=cell.scenario,
                factor=cell.factor,
                unit=definition.unit.value,
                currency=axis.currency(cell),
                quantum=axis.quantum(cell),
                kind=definition.kind.value,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Division:
    """A RATIO or WEIGHTED measure: numerator / (denominator x scale) of two SUM measures."""

    kind: str
    unit: str
    quantum: int
    numerator: str
    denominator: str
    scale: Decimal


def division(code: str) -> Division | None:
    """Return how a measure is divided at read time, None for one that is stored or unknown."""
    found = MEASURES.get(code)
    if found is None or not found.numerator:
        return None
    return Division(
        found.kind.value,
        found.unit.value,
        found.quantum(),
        found.numerator,
        found.denominator,
        Decimal(repr(found.scale)),
    )


def sums(axis: Sequence[CellSpec]) -> list[tuple[int, list[int]]]:
    """Return the places of cells of an axis that are sums of others, with those of their parts."""
    places = {(cell.measure, cell.scenario, cell.factor): at for at, cell in enumerate(axis)}
    found = []
    for at, cell in enumerate(axis):
        definition = MEASURES.get(cell.measure)
        if definition is not None and definition.parts:
            parts = [(code, cell.scenario, cell.factor) for code in definition.parts]
            found.append((at, [places[part] for part in parts]))
    return found


def is_of_nodes(code: str) -> bool:
    """Return whether a measure is a figure of nodes, which has no cell."""
    found = MEASURES.get(code)
    return found is not None and found.kind is Kind.NODE


def is_local(code: str) -> bool:
    """Return whether a measure is an amount in the currency that its factor names."""
    found = MEASURES.get(code)
    return found is not None and found.conversion is Conversion.FACTOR


def divided_measures() -> list[str]:
    """Return the codes of all measures that are divided at read time."""
    return [code for code, found in MEASURES.items() if found.numerator]


def rates(document: str, currency: str) -> dict[str, float]:
    """Return the BASE value in `currency` of one unit of every currency the market reaches."""
    market = snapshot.parse(json.loads(document))
    return {code: found.value for code, found in market.fx_values(currency).items()}


def spot(document: str, source: str, target: str) -> Decimal | None:
    """Return the BASE value of one unit of `source` in `target`, None without a quote."""
    found = rates(document, target).get(source)
    return None if found is None else Decimal(repr(found))


def applies(code: str, product_type: str) -> bool:
    """Return whether a measure means something for a product type; its cell is 0 if not."""
    found = MEASURES.get(code)
    return found is None or found.applies(product_type)


@dataclass(frozen=True, slots=True)
class Priced:
    """A valued batch: float cells (n, c) in axis currency, errors by row, market objects used."""

    cells: NDArray[np.float64]
    errors: Mapping[int, PositionError]
    dependencies: NDArray[np.int64]
    objects: tuple[tuple[str, ...], ...]


class Prepared:
    """What a run's shards share: axis, parsed market, request hash; kept per run and process."""

    def __init__(self, request: RunRequest) -> None:
        self.axis = axis_of(request)
        self.market: Market = snapshot.parse(request.market)
        self.request_hash = request_hash(request, self.axis)
        self._scenarios = request.scenarios
        self._kernel = Kernel(request.options.get("kernel", Kernel.RECORD))
        self._objects: dict[tuple[str, ...], bytes] = {}

    @cached_property
    def states(self) -> States:
        """The market under every scenario: made with the first batch, kept for all."""
        return States(self.market, [parse(document) for document in self._scenarios], self.axis)

    def value(self, batch: Batch) -> Priced:
        """Value a batch of one product and convert it into the axis currencies."""
        valued = valuation.value(batch, self.states, profile=self._kernel)
        return Priced(
            cells=valuation.convert(valued, self.states),
            errors={
                row: PositionError(failure.code, failure.message, failure.cell)
                for row, failure in enumerate(valued.failures)
                if failure is not None
            },
            dependencies=valued.dependencies,
            objects=valued.dependency_names,
        )

    @cached_property
    def rates(self) -> Mapping[str, float]:
        """The value of one unit of each currency in the run currency, at BASE spot."""
        values = self.market.fx_values(self.axis.run_currency)
        return {currency: found.value for currency, found in values.items()}

    def objects_hash(self, names: tuple[str, ...]) -> bytes:
        """Return one hash over the market objects of these names."""
        found = self._objects.get(names)
        if found is None:
            digest = hashlib.sha256()
            for name in sorted(set(names)):
                digest.update(name.encode() + b"\0" + self.market.hash_of(name))
            found = self._objects[names] = digest.digest()
        return found


_prepared: dict[tuple[str, int, int, int], Prepared] = {}


def prepared(request: RunRequest) -> Prepared:
    """Return what the shards of a request share, prepared once per process."""
    key = (
        request.document,
        request.position_snapshot_id,
        request.marketdata_snapshot_id,
        request.scenario_set_id,
    )
    found = _prepared.get(key)
    if found is None:
        found = Prepared(request)
        while len(_prepared) >= _KEPT_RUNS:
            _prepared.pop(next(iter(_prepared)))
        _prepared[key] = found
    return found


def request_hash(request: RunRequest, axis: Axis) -> bytes:
    """Return the hash of what all positions of a run share: date, cut, axis, scenarios, engine."""
    return hashing.content_hash(
        {
            "axis": [str(cell) for cell in axis.cells],
            "currency": request.currency,
            "cut": request.cut,
            "engine": request.engine,
            **_horizon(request),
            "key_rate_tenors": list(axis.key_rate_tenors),
            "profile": request.profile,
            "scenarios": [hashing.content_hash(scenario).hex() for scenario in request.scenarios],
            "valuation_date": request.valuation_date,
        }
    )


def _horizon(request: RunRequest) -> dict[str, str]:
    """Return the horizon of a bridge, nothing where none is asked for: the axis names the rest."""
    found = request.options.get("horizon")
    return {} if found is None else {"horizon": str(found)}


def input_hash(
    shard: Shard, dependencies: NDArray[np.int64], objects: Sequence[tuple[str, ...]]
) -> NDArray[np.uint8]:
    """Return what each position's numbers depend on, uint8 (n, 32).

    sha256(row hash || hash of the market objects it used || request hash || its context facts):
    `dependencies` gives each position's class of market objects, -1 for none.
    """
    known = prepared(shard.request)
    tails = [known.objects_hash(names) + known.request_hash for names in objects]
    tails.append(known.objects_hash(()) + known.request_hash)
    rows = shard.row_hash.tobytes()
    facts = None if shard.context is None else shard.context.astype(">i8")
    out = bytearray(shard.count * 32)
    for row, dependency in enumerate(dependencies.tolist()):
        digest = hashlib.sha256(rows[row * 32 : row * 32 + 32] + tails[dependency])
        if facts is not None:
            digest.update(facts[row].tobytes())
        out[row * 32 : row * 32 + 32] = digest.digest()
    return np.frombuffer(bytes(out), dtype=np.uint8).reshape(shard.count, 32)


def base_notional(shard: Shard) -> NDArray[np.float64]:
    """Return outstanding notionals in the run currency at BASE FX; 0 where there is no rate."""
    given = shard.columns.get("base_notional")
    if given is not None:
        column: NDArray[np.float64] = given
        return column
    if "notional" not in shard.columns:
        return np.zeros(shard.count)
    rates = prepared(shard.request).rates
    labels = shard.request.dimensions["CURRENCY"]
    by_member = np.array([rates.get(label, 0.0) for label in labels], dtype=np.float64)
    currency = rollup.members(shard.dimensions)[Dimension.CURRENCY]
    converted: NDArray[np.float64] = shard.columns["notional"] * by_member[currency]
    return converted
