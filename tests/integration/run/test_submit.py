"""Submission: what is refused, what is the same run, and what a run is made of."""

import datetime as dt
import json
import threading

import pytest
from django.db import connections

from apps.run import pipeline, selectors, services
from apps.run.models import Run
from apps.run.request import Submission, SubmitError
from tests.pipeline import book


def submission(yard, **options):
    given = {
        "positions": yard.inputs.positions,
        "market": yard.inputs.market,
        "scenarios": yard.inputs.scenarios,
        "measures": ["PV"],
    }
    return Submission(**given | options)


@pytest.mark.parametrize(
    ("_case", "options", "field", "code"),
    [
        ("no snapshot", {"positions": 99}, "positions", "NOT_FOUND"),
        ("no market", {"market": 99}, "market", "NOT_FOUND"),
        ("no scenarios", {"scenarios": 99}, "scenarios", "NOT_FOUND"),
        ("a later date", {"valuation_date": dt.date(2023, 1, 2)}, "positions", "STALE"),
        ("an earlier one", {"valuation_date": dt.date(2022, 1, 2)}, "positions", "FROM_THE_FUTURE"),
        ("an unknown measure", {"measures": ["PV", "WISDOM"]}, "measures", "MEASURE_UNKNOWN"),
        ("no such scenario", {"measures": ["DV01@MOON"]}, "measures", "SCENARIO_UNKNOWN"),
        ("no such horizon", {"measures": ["THETA/soon"]}, "measures", "FACTOR_UNKNOWN"),
        ("no such portfolio", {"node": "NOWHERE"}, "node", "NOT_FOUND"),
        ("an unknown cut", {"cut": "NOON"}, "cut", "CUT_UNKNOWN"),
        ("no currency", {"currency": "usd"}, "currency", "CURRENCY_UNKNOWN"),
        ("a currency that is none", {"currency": "XQQ"}, "currency", "CURRENCY_UNKNOWN"),
        ("no shards", {"shards": 0}, "shards", "OUT_OF_RANGE"),
        ("a shard for every atom", {"shards": 2**31 - 1}, "shards", "OUT_OF_RANGE"),
        ("no attempts", {"max_attempts": 0}, "max_attempts", "OUT_OF_RANGE"),
        ("a rulebook", {"rulebooks": ["BCBS"]}, "rulebooks", "RULEBOOK_UNKNOWN"),
        ("cash flows of no scenario", {"cashflows": ["MOON"]}, "cashflows", "SCENARIO_UNKNOWN"),
        (
            "buckets that fall",
            {"cashflows": ["BASE"], "ladder_buckets": ["1Y", "1M"]},
            "ladder_buckets",
            "OUT_OF_RANGE",
        ),
        (
            "a horizon that is none",
            {"cashflows": ["BASE"], "horizon": "SOON"},
            "horizon",
            "OUT_OF_RANGE",
        ),
        ("buckets of no ladder", {"ladder_buckets": ["1Y"]}, "ladder_buckets", "LADDER_NOT_ASKED"),
        ("negative staleness", {"allow_stale_days": -1}, "allow_stale_days", "OUT_OF_RANGE"),
        ("any staleness", {"allow_stale_days": 10**7}, "allow_stale_days", "OUT_OF_RANGE"),
    ],
)
def test_a_submission_is_refused_with_its_place_and_nothing_is_written(
    yard, _case, options, field, code
):
    with pytest.raises(SubmitError) as refused:
        services.submit(submission(yard, **options), submitted_by="test")
    assert (refused.value.field, refused.value.code) == (field, code)
    assert Run.objects.count() == 0


@pytest.mark.parametrize(
    ("_case", "options"),
    [
        ("tenors that fall", {"key_rate_tenors": ["10Y", "1Y"], "measures": ["KEY_RATE_DV01"]}),
        ("a tenor that is none", {"key_rate_tenors": ["SOON"], "measures": ["KEY_RATE_DV01"]}),
    ],
)
def test_what_makes_no_axis_is_refused(yard, settings, _case, options):
    settings.TIEOUT_STAGES = {
        "CONTEXT": [],
        "VALUE": ["apps.result.stages.PricingStage"],
        "GROUP": [],
    }
    pipeline.configured.cache_clear()
    with pytest.raises(SubmitError) as refused:
        services.submit(submission(yard, **options), submitted_by="test")
    assert refused.value.code == "AXIS_INVALID"
    assert Run.objects.count() == 0


def test_stale_snapshots_are_taken_when_allowed_and_their_age_is_shown(yard):
    submitted = services.submit(
        submission(yard, valuation_date=dt.date(2023, 1, 4), allow_stale_days=5),
        submitted_by="test",
    )
    assert (submitted.positions_age, submitted.market_age) == (5, 5)


def test_a_resubmission_returns_the_run_and_force_makes_another(yard):
    first = services.submit(submission(yard), submitted_by="a")
    again = services.submit(submission(yard), submitted_by="b")
    forced = services.submit(submission(yard, force=True), submitted_by="b")
    assert (first.created, again.created, forced.created) == (True, False, True)
    assert first.run_id == again.run_id != forced.run_id


@pytest.mark.parametrize(
    ("_case", "options"),
    [
        ("shards", {"shards": 3}),
        ("attempts", {"max_attempts": 2}),
        ("allowed staleness", {"allow_stale_days": 3}),
        ("the default spelled out", {"valuation_date": book.AS_OF, "node": "FUND"}),
        ("a measure twice", {"measures": ["PV", "PV"]}),
    ],
)
def test_what_cannot_change_a_number_is_the_same_run(yard, _case, options):
    first = services.submit(submission(yard), submitted_by="a")
    assert services.submit(submission(yard, **options), submitted_by="a").run_id == first.run_id


@pytest.mark.parametrize(
    ("_case", "options"),
    [
        ("measures", {"measures": ["PV", "DV01"]}),
        ("currency", {"currency": "EUR"}),
        ("portfolio", {"node": "BOOK_1"}),
        ("cut", {"cut": "START_OF_DAY"}),
        ("tenors", {"key_rate_tenors": ["1Y", "10Y"]}),
    ],
)
def test_what_can_change_a_number_is_another_run(yard, _case, options):
    first = services.submit(submission(yard), submitted_by="a")
    assert services.submit(submission(yard, **options), submitted_by="a").run_id != first.run_id


def test_the_order_of_measures_is_no_difference(yard):
    one = services.submit(submission(yard, measures=["PV", "DV01"]), submitted_by="a")
    two = services.submit(submission(yard, measures=["DV01", "PV"]), submitted_by="a")
    assert one.run_id == two.run_id


def test_the_request_names_content_and_no_row(yard):
    run = services.submit(submission(yard), submitted_by="a").run_id
    asked = json.loads(Run.objects.get(pk=run).request)
    assert len(asked["positions"]) == len(asked["market"]) == len(asked["tree"]) == 64
    assert not {"position_snapshot_id", "shards", "force"} & asked.keys()


def test_a_cancelled_run_makes_room_for_the_same_request(yard):
    first = services.submit(submission(yard), submitted_by="a")
    assert services.cancel(first.run_id)
    second = services.submit(submission(yard), submitted_by="a")
    assert second.created
    assert second.run_id != first.run_id


def test_a_subtree_is_the_run_of_its_own_positions(yard):
    run = services.submit(submission(yard, node="BOOK_1", shards=2), submitted_by="a").run_id
    found = Run.objects.get(pk=run)
    assert found.position_count == 100
    assert json.loads(found.plan)["shards"] == [[100, 150], [150, 200]]


def test_thirty_submissions_at_once_are_one_run(yard):
    answers, errors = [], []

    def submit():
        try:
            answers.append(services.submit(submission(yard), submitted_by="a"))
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=submit) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({answer.run_id for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    assert Run.objects.count() == 1


def test_the_request_of_a_run_is_read_back_as_it_was_submitted(yard, worker_conn):
    run = services.submit(submission(yard), submitted_by="a").run_id
    with worker_conn.cursor() as cursor:
        request = selectors.load_request(cursor, run)
    assert request.measures == ("PV",)
    assert request.valuation_date == book.AS_OF
    assert [item["code"] for item in request.scenarios] == list(book.SCENARIOS)
    assert request.currencies == ("USD",)
    assert request.options["key_rate_tenors"][0] == "3M"


def test_progress_counts_the_tasks_of_a_run(yard):
    run = services.submit(submission(yard, shards=4), submitted_by="a").run_id
    progress = selectors.progress(run)
    assert (progress.total, progress.tasks["QUEUED"], progress.tasks["SUCCEEDED"]) == (4, 4, 0)
    assert (progress.positions, progress.positions_done, progress.is_final) == (400, 0, False)


def test_a_ladder_is_hashed_and_a_run_without_one_keeps_its_options(yard):
    plain = services.submit(submission(yard), submitted_by="test")
    ladder = services.submit(submission(yard, cashflows=["BASE"]), submitted_by="test")
    other = services.submit(
        submission(yard, cashflows=["BASE"], ladder_buckets=["1Y"]), submitted_by="test"
    )
    same = services.submit(submission(yard, cashflows=["BASE"], horizon="1Y"), submitted_by="test")
    assert len({plain.run_id, ladder.run_id, other.run_id}) == 3
    assert same.run_id == ladder.run_id
    with connections["default"].cursor() as cursor:
        assert set(selectors.load_request(cursor, plain.run_id).options) == {"key_rate_tenors"}
        request = selectors.load_request(cursor, other.run_id)
    assert request.options["ladder_buckets"] == ("1Y",)
    assert request.options["horizon"] == "1Y"
    assert "BRIDGE_TIME@BASE" in request.measures
