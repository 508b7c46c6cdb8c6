"""A run from its submission to its end, on real worker processes."""


def test_a_run_passes_through_its_four_phases_and_reconciles(yard):
    run = yard.submit(shards=6)
    assert yard.status(run) == "QUEUED"

    assert yard.work(processes=2) == 0

    assert yard.status(run) == "COMPLETED_WITH_ERRORS"
    assert yard.tasks(run) == {"SUCCEEDED": 6 + 6 + 1 + 1}
    assert yard.outcomes(run) == {"SUCCEEDED": 14}
    phases = yard.all(
        "SELECT phase, count(*) FROM run_task WHERE run_id = %s GROUP BY 1 ORDER BY min(task_id)",
        run,
    )
    assert phases == [("CONTEXT", 6), ("VALUE", 6), ("GROUP", 1), ("FINALISE", 1)]
    counts = yard.all("SELECT valued_count, error_count FROM run WHERE run_id = %s", run)
    assert counts == [(396, 4)]
