"""What users may do to runs, and what is written down of it."""

import pytest

from apps.access.models import AuditEntry
from apps.run.contracts import CellSpec
from apps.run.models import Run

CANCEL = """mutation C($run: ID!) { cancelRun(input: {run: $run}) {
  run { id status } problems { field code } } }"""
SUBMIT = """mutation S($input: SubmitRunInput!) { submitRun(input: $input) {
  run { id status submittedBy } created problems { field code message } } }"""
RETRY = """mutation R($task: ID!) { retryTask(input: {task: $task}) {
  run { id status } problems { field code } } }"""


@pytest.fixture
def pipeline(monkeypatch):
    """Submission without pricing: one cell, even shards."""
    from apps.result.sinks import CubeSink
    from apps.run import pipeline as pipelines
    from apps.run import services

    class Stages:
        phases = ("VALUE", "FINALISE")
        sink = CubeSink()

        def axis(self, request):
            return [CellSpec("PV", "BASE", "", "AMOUNT", "USD", 6, "SUM")]

        def refuse(self, request):
            pass

    monkeypatch.setattr(pipelines, "configured", Stages)
    monkeypatch.setattr(services.portfolio, "shards", lambda *a: [(0, 100), (100, 200)])


def _inputs(world, **changes):
    snapshot = Run.objects.get(pk=world.done.run).position_snapshot_id
    return {"positions": str(snapshot), "market": "1", "scenarios": "1", "measures": ["PV"]} | (
        changes
    )


def test_a_submission_makes_a_run_once(world, pipeline):
    first = world.data(SUBMIT, input=_inputs(world))["submitRun"]
    again = world.data(SUBMIT, input=_inputs(world))["submitRun"]
    assert (first["created"], again["created"]) == (True, False)
    assert first["run"] == again["run"]
    assert first["run"]["status"] == "QUEUED"
    assert first["run"]["submittedBy"] == "head"
    assert first["problems"] == []


def test_a_submission_that_cannot_be_is_answered_with_its_problem(world, pipeline):
    answer = world.data(SUBMIT, input=_inputs(world, market="999"))["submitRun"]
    assert answer["run"] is None
    assert [(each["field"], each["code"]) for each in answer["problems"]] == [
        ("market", "NOT_FOUND")
    ]


def test_only_what_is_granted_as_a_whole_can_be_submitted(world, pipeline):
    refused = world.data(SUBMIT, "analyst", input=_inputs(world))["submitRun"]
    assert refused["problems"][0]["code"] == "NOT_GRANTED"
    allowed = world.data(SUBMIT, "analyst", input=_inputs(world, portfolio="DESK_A"))["submitRun"]
    assert allowed["created"]


def test_a_user_without_the_permission_may_not_even_try(world):
    code, message = world.refusal(SUBMIT, "trader", input=_inputs(world))
    assert (code, message) == ("FORBIDDEN", "You may not use Mutation.submitRun.")


def test_a_run_is_cancelled_once(world, pipeline):
    run = world.data(SUBMIT, input=_inputs(world))["submitRun"]["run"]["id"]
    first = world.data(CANCEL, run=run)["cancelRun"]
    assert first == {"run": {"id": run, "status": "CANCELLED"}, "problems": []}
    again = world.data(CANCEL, run=run)["cancelRun"]
    assert again["problems"] == [{"field": "run", "code": "ENDED"}]


def test_a_run_that_is_not_granted_as_a_whole_cannot_be_cancelled(world):
    answer = world.data(CANCEL, "analyst", run=world.run)["cancelRun"]
    assert answer == {"run": None, "problems": [{"field": "run", "code": "NOT_FOUND"}]}


def test_a_task_that_succeeded_is_not_retried(world):
    answer = world.data(RETRY, task=str(world.done.tasks[0]))["retryTask"]
    assert answer["problems"] == [{"field": "task", "code": "NOT_NOW"}]
    missing = world.data(RETRY, task="999999")["retryTask"]
    assert missing["problems"] == [{"field": "task", "code": "NOT_FOUND"}]


def test_what_was_done_is_written_down_with_who_did_it(world, pipeline):
    run = world.data(SUBMIT, "head", input=_inputs(world))["submitRun"]["run"]["id"]
    world.data(CANCEL, "head", run=run)
    written = AuditEntry.objects.filter(object_type="run", object_id=run).order_by("pk")
    assert [(each.actor, each.action) for each in written] == [
        ("head", "SUBMIT_RUN"),
        ("head", "CANCEL_RUN"),
    ]


PUBLISH = """mutation P($run: ID!, $reason: String!) {
  publishRun(input: {run: $run, reason: $reason}) {
    run { status publication { publishedBy reason rootHash manifestHash } } problems { code } } }"""


def test_a_completed_run_is_published_with_who_and_why(world, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    answer = world.data(PUBLISH, run=world.run, reason="month end")["publishRun"]
    assert answer["problems"] == []
    assert answer["run"]["status"] == "PUBLISHED"
    assert answer["run"]["publication"]["publishedBy"] == "head"
    assert answer["run"]["publication"]["reason"] == "month end"
    assert list(tmp_path.rglob("*.json"))


def test_a_publication_of_others_is_not_replaced(world, acting_as, pipeline, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    world.data(PUBLISH, run=world.run, reason="month end")
    mine = world.data(SUBMIT, "analyst", input=_inputs(world, portfolio="DESK_A"))["submitRun"]
    query = """mutation P($run: ID!, $old: ID!) {
      publishRun(input: {run: $run, supersedes: $old}) {
        run { id } problems { field code message } } }"""
    answer = world.data(query, "analyst", run=mine["run"]["id"], old=world.run)["publishRun"]
    assert answer["problems"] == [
        {"field": "supersedes", "code": "NOT_FOUND", "message": f"there is no run {world.run}"}
    ]
    # Who sees both gets past the grants, to the rule that only a completed run is published.
    answer = world.data(query, "head", run=mine["run"]["id"], old=world.run)["publishRun"]
    assert [each["code"] for each in answer["problems"]] == ["NOT_PUBLISHABLE"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "usd"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"cut": "NOON"}, "cut"),
        ({"allowStaleDays": -1}, "allowStaleDays"),
        ({"maxAttempts": 0}, "maxAttempts"),
        ({"maxAttempts": 2147483647}, "maxAttempts"),
        ({"shards": 0}, "shards"),
        ({"shards": -7}, "shards"),
        ({"measures": ["NO_SUCH"]}, "measures"),
        ({"measures": ["PV@NO_SUCH"]}, "measures"),
        ({"measures": ["PV"] * 5000}, None),
        ({"portfolio": "NOWHERE"}, "portfolio"),
        ({"valuationDate": "1900-01-01"}, "positions"),
        ({"positions": "0"}, "positions"),
        ({"scenarios": "999999999"}, "scenarios"),
    ],
)
def test_input_that_cannot_be_is_named(world, pipeline, changes, field):
    answer = world.data(SUBMIT, input=_inputs(world, **changes))["submitRun"]
    if field is None:
        assert answer["problems"] == []
        return
    (problem,) = answer["problems"]
    assert answer["run"] is None
    assert problem["field"] == field, problem


def test_a_run_under_way_cannot_be_published(world, pipeline):
    run = world.data(SUBMIT, input=_inputs(world))["submitRun"]["run"]["id"]
    answer = world.data(PUBLISH, run=run, reason="")["publishRun"]
    assert answer == {"run": None, "problems": [{"code": "NOT_PUBLISHABLE"}]}
