"""What clients may change: runs. Each mutation takes one input and returns what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import strawberry
from django.db import connection, transaction
from strawberry.utils.str_converters import to_camel_case

from apps.access import services as access
from apps.portfolio.models import PortfolioNode, PositionSnapshot
from apps.publication import services as publication
from apps.run import selectors as run_selectors
from apps.run import services as runs
from apps.run.request import Submission, SubmitError
from graph import run as run_module
from graph.context import Info
from graph.declare import at_most, input_type, mutation, object_type, root_type
from graph.paging import number
from graph.run import RunType

STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '30s'"
"""Longer than a query's: a submission plans the shards of a million positions."""


@object_type()
class Problem:
    """Why a mutation was refused: the input field, the rule as a code, the reason."""

    field: str
    code: str
    message: str


@input_type
class SubmitRunInput:
    """What to value. Equal requests are one run unless `force` asks for another."""

    positions: strawberry.ID
    market: strawberry.ID
    scenarios: strawberry.ID
    valuation_date: dt.date | None = None
    cut: str = "END_OF_DAY"
    allow_stale_days: int = 0
    measures: list[str] = strawberry.field(default_factory=list)
    portfolio: str | None = None
    currency: str = "USD"
    cashflows: list[str] = strawberry.field(default_factory=list)
    ladder_buckets: list[str] = strawberry.field(default_factory=list)
    horizon: str | None = None
    shards: int | None = None
    max_attempts: int = 5
    force: bool = False

    def submission(self) -> Submission:
        """Return the input as the service takes it."""
        return Submission(
            positions=number(self.positions, "positions"),
            market=number(self.market, "market"),
            scenarios=number(self.scenarios, "scenarios"),
            valuation_date=self.valuation_date,
            cut=self.cut,
            allow_stale_days=self.allow_stale_days,
            measures=tuple(self.measures),
            node=self.portfolio,
            currency=self.currency,
            cashflows=tuple(self.cashflows),
            ladder_buckets=tuple(self.ladder_buckets),
            horizon=self.horizon,
            shards=self.shards,
            max_attempts=self.max_attempts,
            force=self.force,
        )


@input_type
class CancelRunInput:
    """Which run to cancel."""

    run: strawberry.ID


@input_type
class RetryTaskInput:
    """Which task to queue again."""

    task: strawberry.ID


@input_type
class PublishRunInput:
    """Which run to seal for good, why, and which published run it replaces."""

    run: strawberry.ID
    reason: str = ""
    supersedes: strawberry.ID | None = None


@object_type()
class SubmitRunPayload:
    """The run that answers the submission, and whether it is new."""

    run: RunType | None
    created: bool
    positions_age_days: int | None
    market_age_days: int | None
    problems: list[Problem] = strawberry.field(directives=[at_most(10)])


@object_type()
class RunPayload:
    """The run as it stands now, or why nothing was done."""

    run: RunType | None
    problems: list[Problem] = strawberry.field(directives=[at_most(10)])


@root_type
class Mutation:
    """What clients may change."""

    @mutation("run.submit")
    def submit_run(self, info: Info, input: SubmitRunInput) -> SubmitRunPayload:
        """Submit a run of a portfolio that is granted as a whole."""
        submission = input.submission()
        try:
            _check_granted(info, submission)
            with _act(info, "SUBMIT_RUN") as record:
                made = runs.submit(submission, submitted_by=info.context.user.username)
                record(made.run_id, created=made.created)
        except SubmitError as error:
            return SubmitRunPayload(
                run=None,
                created=False,
                positions_age_days=None,
                market_age_days=None,
                problems=[
                    Problem(field=_input_name(error.field), code=error.code, message=str(error))
                ],
            )
        return SubmitRunPayload(
            run=_run(info, made.run_id),
            created=made.created,
            positions_age_days=made.positions_age,
            market_age_days=made.market_age,
            problems=[],
        )

    @mutation("run.cancel")
    def cancel_run(self, info: Info, input: CancelRunInput) -> RunPayload:
        """Cancel a run that is under way; nothing more of it is written afterwards."""
        run = number(input.run, "run")
        if not _is_granted(info, run):
            return _refused("run", "NOT_FOUND", f"there is no run {run}")
        try:
            with _act(info, "CANCEL_RUN") as record:
                cancelled = runs.cancel(run)
                record(run, cancelled=cancelled)
        except runs.RunError as error:
            return _refused("run", "NOT_NOW", str(error))
        if not cancelled:
            return RunPayload(
                run=_run(info, run),
                problems=[Problem(field="run", code="ENDED", message="the run has ended already")],
            )
        return RunPayload(run=_run(info, run), problems=[])

    @mutation("run.retry")
    def retry_task(self, info: Info, input: RetryTaskInput) -> RunPayload:
        """Queue a task again that ended without rows, and reopen its run."""
        task = number(input.task, "task")
        run = run_selectors.run_of_task(task)
        if run is None or not _is_granted(info, run):
            return _refused("task", "NOT_FOUND", f"there is no task {task}")
        try:
            with _act(info, "RETRY_TASK") as record:
                runs.retry_task(task)
                record(run, task=task)
        except runs.RunError as error:
            return _refused("task", "NOT_NOW", str(error))
        return RunPayload(run=_run(info, run), problems=[])

    @mutation("publication.publish")
    def publish_run(self, info: Info, input: PublishRunInput) -> RunPayload:
        """Seal a completed run: its publication names all inputs and results by hash."""
        run = number(input.run, "run")
        replaced = input.supersedes and number(input.supersedes, "supersedes")
        user = info.context.user.username
        if not _is_granted(info, run):
            return _refused("run", "NOT_FOUND", f"there is no run {run}")
        if replaced and not _is_granted(info, replaced):
            return _refused("supersedes", "NOT_FOUND", f"there is no run {replaced}")
        try:
            # Its manifest is written to a file once it is committed: no transaction around it.
            publication.publish(run, by=user, reason=input.reason, supersedes=replaced or None)
        except publication.NotPublishable as error:
            return _refused("run", "NOT_PUBLISHABLE", str(error))
        _record(info, "PUBLISH_RUN", run, reason=input.reason, supersedes=input.supersedes)
        return RunPayload(run=_run(info, run), problems=[])


@contextmanager
def _act(info: Info, action: str) -> Iterator[Callable[..., None]]:
    """One transaction for what is done and the record of who did it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT_TIMEOUT)
        yield partial(_record, info, action)


def _record(info: Info, action: str, run: int, **detail: Any) -> None:
    access.record(
        actor=info.context.user.username,
        action=action,
        object_type="run",
        object_id=str(run),
        detail=detail,
    )


def _check_granted(info: Info, submission: Submission) -> None:
    """Refuse to value what the user may not see: the run's totals would show it."""
    codes = info.context.sight.codes
    if codes is None:
        return
    snapshot = PositionSnapshot.objects.filter(pk=submission.positions).first()
    if snapshot is None:
        return  # the service says so
    nodes = PortfolioNode.objects.filter(tree_id=snapshot.tree_id)
    asked = (
        nodes.filter(parent__isnull=True)
        if submission.node is None
        else nodes.filter(code=submission.node)
    )
    for node in asked:
        if not info.context.sight.covers(snapshot.tree_id, node.node):
            raise SubmitError("portfolio", "NOT_GRANTED", f"{node.code} is not granted as a whole")


def _input_name(field: str) -> str:
    """Return the field of the input that a field of a submission was read from."""
    return "portfolio" if field == "node" else to_camel_case(field)


def _is_granted(info: Info, run: int) -> bool:
    row = run_module.visible(info.context).filter(pk=run).first()
    return row is not None and info.context.sight.covers(row.tree_id, row.node)


def _run(info: Info, run: int) -> RunType:
    found = run_module.visible(info.context).get(pk=run)
    return RunType.of(found, info.context)


def _refused(field: str, code: str, message: str) -> RunPayload:
    return RunPayload(run=None, problems=[Problem(field=field, code=code, message=message)])
