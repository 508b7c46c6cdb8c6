"""What a run is asked for: checked against what exists, then written as one canonical text.

The text names content, not rows: hashes of snapshots, tree and scenarios, the node's number in
that tree, dates, currency, measures, engine and profile. Its sha256 is the run's input hash, so
equal requests are one run wherever and whenever they are made.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.marketdata.models import MarketDataSnapshot
from apps.portfolio.models import PortfolioNode, PositionSnapshot
from apps.run import adapters
from apps.run.contracts import RunRequest
from apps.run.engine import engine, libraries
from apps.scenario.models import ScenarioSet, ScenarioSetMember
from foundation import hashing

if TYPE_CHECKING:
    pass

CUTS = ("END_OF_DAY", "START_OF_DAY")

_MOST_ATTEMPTS = 100
_MOST_SHARDS = 10_000
_OLDEST_DAYS = 3_660


class SubmitError(ValueError):
    """A run cannot be submitted: `field` names the input, `code` the rule, the text the reason."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody asks for; None and empty mean the default.

    `positions`, `market` and `scenarios` are row ids, `node` the code of a portfolio. Only
    `shards`, `max_attempts`, `allow_stale_days` and `force` cannot change a number.
    """

    positions: int
    market: int
    scenarios: int
    valuation_date: dt.date | None = None
    cut: str = "END_OF_DAY"
    allow_stale_days: int = 0
    measures: Sequence[str] = ()
    node: str | None = None
    currency: str = "USD"
    key_rate_tenors: Sequence[str] = ()
    rulebooks: Sequence[str] = ()
    cashflows: Sequence[str] = ()
    ladder_buckets: Sequence[str] = ()
    horizon: str | None = None
    shards: int | None = None
    max_attempts: int = 5
    force: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission whose parts exist: the request, and how old its snapshots are in days."""

    request: RunRequest
    ages: Mapping[str, int] = field(default_factory=dict)

    @property
    def input_hash(self) -> bytes:
        """Return the sha256 of the request document."""
        return hashing.sha256(self.request.document)


def check(submission: Submission) -> Checked:
    """Return the request of a submission, or raise SubmitError naming what is wrong with it."""
    _check_plain_values(submission)
    positions = _positions(submission.positions)
    market = _market(submission.market)
    scenario_set = _scenario_set(submission.scenarios)
    scenarios = scenario_documents(scenario_set.pk)
    valuation_date = submission.valuation_date or positions.as_of
    ages = {
        "positions": _age(submission, "positions", positions.as_of, valuation_date),
        "market": _age(submission, "market", market.as_of, valuation_date),
    }
    codes = {str(item["code"]) for item in scenarios}
    measures = _measures(submission, codes, valuation_date)
    options: dict[str, Any] = {
        "key_rate_tenors": tuple(submission.key_rate_tenors) or adapters.KEY_RATE_TENORS,
    }
    # Absent where nothing reads them: a run without a ladder keeps the hash it has.
    if adapters.has_ladder(measures):
        options["ladder_buckets"] = tuple(submission.ladder_buckets) or adapters.LADDER_BUCKETS
        options["horizon"] = submission.horizon or adapters.HORIZON
        _check_ladder(options, valuation_date)
    elif submission.ladder_buckets or submission.horizon:
        name = "ladder_buckets" if submission.ladder_buckets else "horizon"
        raise SubmitError(name, "LADDER_NOT_ASKED", "no scenario asks for cash flows")
    node = _node(positions.tree_id, submission.node)
    profile = adapters.numeric_profile()
    document = hashing.canonical(
        {
            "currency": submission.currency,
            "cut": submission.cut,
            "engine": engine(),
            "libraries": libraries(),
            "market": bytes(market.content_hash).hex(),
            "measures": measures,
            "node": node,
            "options": options,
            "positions": bytes(positions.content_hash).hex(),
            "profile": profile,
            "scenarios": bytes(scenario_set.content_hash).hex(),
            "tree": bytes(positions.tree.content_hash).hex(),
            "valuation_date": valuation_date,
        }
    )
    dimensions = dimensions_of(positions.dimensions)
    request = RunRequest(
        document=document,
        valuation_date=valuation_date,
        cut=submission.cut,
        currency=submission.currency,
        measures=measures,
        position_snapshot_id=positions.pk,
        marketdata_snapshot_id=market.pk,
        scenario_set_id=scenario_set.pk,
        tree_id=positions.tree_id,
        node=node,
        engine=engine(),
        profile=profile,
        market=parsed(market.document),
        scenarios=scenarios,
        names=tuple(json.loads(positions.names)),
        dimensions=dimensions,
        currencies=currencies_of(dimensions),
        options=options,
        basis=basis_of(scenario_set.basis),
    )
    return Checked(request, ages)


def parsed(document: str) -> Any:
    """Return a canonical document as values; its decimals stay decimals."""
    return json.loads(document, parse_float=Decimal)


def dimensions_of(document: str) -> dict[str, tuple[str, ...]]:
    """Return the member names of each roll-up dimension of a snapshot, by number."""
    return {name: tuple(members) for name, members in json.loads(document).items()}


def currencies_of(dimensions: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the currencies of a book, in alphabetical order."""
    return tuple(sorted(name for name in dimensions.get("CURRENCY", ()) if name))


def basis_of(document: str) -> Mapping[str, Any]:
    """Return how the scenarios of a set were made, empty where they were given."""
    found: dict[str, Any] = json.loads(document) if document else {}
    return found


def scenario_documents(scenario_set: int) -> tuple[Mapping[str, Any], ...]:
    """Return the documents of a set's scenarios in its order, BASE first."""
    members = ScenarioSetMember.objects.filter(scenario_set_id=scenario_set).order_by("ordinal")
    return tuple(parsed(text) for text in members.values_list("scenario__document", flat=True))


def _check_plain_values(submission: Submission) -> None:
    if submission.cut not in CUTS:
        raise SubmitError("cut", "CUT_UNKNOWN", f"cut must be one of {', '.join(CUTS)}")
    if not adapters.is_currency(submission.currency):
        raise SubmitError(
            "currency", "CURRENCY_UNKNOWN", f"{submission.currency!r} is no currency code"
        )
    if not 0 <= submission.allow_stale_days <= _OLDEST_DAYS:
        raise SubmitError(
            "allow_stale_days",
            "OUT_OF_RANGE",
            f"allow_stale_days is between 0 and {_OLDEST_DAYS}",
        )
    if submission.shards is not None and not 1 <= submission.shards <= _MOST_SHARDS:
        raise SubmitError(
            "shards", "OUT_OF_RANGE", f"a run has between 1 and {_MOST_SHARDS} shards"
        )
    if not 1 <= submission.max_attempts <= _MOST_ATTEMPTS:
        raise SubmitError(
            "max_attempts", "OUT_OF_RANGE", f"max_attempts is between 1 and {_MOST_ATTEMPTS}"
        )
    if submission.rulebooks:
        raise SubmitError(
            "rulebooks", "RULEBOOK_UNKNOWN", f"no rulebook is named {submission.rulebooks[0]!r}"
        )


def _positions(key: int) -> PositionSnapshot:
    found = PositionSnapshot.objects.select_related("tree").filter(pk=key).first()
    if found is None:
        raise SubmitError("positions", "NOT_FOUND", f"there is no position snapshot {key}")
    return found


def _market(key: int) -> MarketDataSnapshot:
    found = MarketDataSnapshot.objects.defer("document_json").filter(pk=key).first()
    if found is None:
        raise SubmitError("market", "NOT_FOUND", f"there is no market snapshot {key}")
    return found


def _scenario_set(key: int) -> ScenarioSet:
    found = ScenarioSet.objects.filter(pk=key).first()
    if found is None:
        raise SubmitError("scenarios", "NOT_FOUND", f"there is no scenario set {key}")
    return found


def _age(submission: Submission, name: str, as_of: dt.date, valuation_date: dt.date) -> int:
    """Return how many days older than the valuation date a snapshot is, if that is allowed."""
    days = (valuation_date - as_of).days
    if days < 0:
        raise SubmitError(
            name,
            "FROM_THE_FUTURE",
            f"the snapshot is of {as_of}, after the valuation date {valuation_date}",
        )
    if days > submission.allow_stale_days:
        raise SubmitError(
            name,
            "STALE",
            f"the snapshot is of {as_of}, {days} days before the valuation date "
            f"{valuation_date}; {submission.allow_stale_days} are allowed",
        )
    return days


def _check_ladder(options: Mapping[str, Any], valuation_date: dt.date) -> None:
    for name, fault in adapters.ladder_faults(
        options["ladder_buckets"], options["horizon"], valuation_date
    ):
        raise SubmitError(name, "OUT_OF_RANGE", fault)


def _measures(
    submission: Submission, scenarios: set[str], valuation_date: dt.date
) -> tuple[str, ...]:
    """Return the measures, with the ladder and the bridge of the scenarios asked for."""
    for code in submission.cashflows:
        if code not in scenarios:
            raise SubmitError(
                "cashflows", "SCENARIO_UNKNOWN", f"{code} names a scenario that is not in the set"
            )
    try:
        measures = adapters.normal_measures(submission.measures, submission.cashflows)
    except KeyError as unknown:
        raise SubmitError(
            "measures", "MEASURE_UNKNOWN", f"there is no measure {unknown.args[0]}"
        ) from None
    for text in measures:
        if not adapters.has_factor(text, valuation_date):
            raise SubmitError(
                "measures", "FACTOR_UNKNOWN", f"{text} names a factor that it cannot have"
            )
        scenario = text.partition("@")[2]
        if scenario and scenario not in scenarios:
            raise SubmitError(
                "measures",
                "SCENARIO_UNKNOWN",
                f"{text} names a scenario that is not in the set",
            )
    return measures


def _node(tree: int, code: str | None) -> int:
    nodes = PortfolioNode.objects.filter(tree_id=tree)
    if code is not None:
        found = nodes.filter(code=code).values_list("node", flat=True).first()
        if found is None:
            raise SubmitError("node", "NOT_FOUND", f"the tree has no portfolio {code!r}")
        return found
    roots = list(nodes.filter(parent__isnull=True).values_list("node", "code"))
    if len(roots) != 1:
        names = ", ".join(code for _, code in roots)
        raise SubmitError("node", "AMBIGUOUS", f"the tree has several roots, name one: {names}")
    return roots[0][0]
