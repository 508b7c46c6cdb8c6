"""One result hash and one set of totals, however a run is cut up and by however many workers."""

import pytest

from tests.pipeline import book


@pytest.fixture
def reference(yard):
    """A run of one shard by one worker."""
    run = yard.submit(shards=1)
    assert yard.work(1) == 0
    return yard.totals(run)


def test_workers_and_shards_change_no_number(yard, reference, scale, figures):
    layouts = scale([(2, (7, 64))], [(1, (7, 64)), (2, (1, 7, 64)), (4, (1, 7, 64))])
    compared = 0
    for workers, shard_counts in layouts:
        runs = [yard.submit(shards=shards, force=True) for shards in shard_counts]
        assert yard.work(workers) == 0
        for run in runs:
            assert yard.totals(run) == reference
            compared += 1
    hashes = yard.all("SELECT DISTINCT result_hash FROM run")
    figures |= {"layouts": compared + 1, "result_hashes": len(hashes)}
    assert len(hashes) == 1


def test_a_subset_of_the_scenarios_gives_the_same_cells(yard, desk, figures):
    whole = yard.submit(shards=5)
    subset = [book.SCENARIOS[0], book.SCENARIOS[3], book.SCENARIOS[1]]
    part = yard.submit(shards=3, scenarios=book.store_scenarios(desk, subset))
    assert yard.work(2) == 0

    def cells(run, scenario):
        return yard.all(
            "SELECT position, cells[a.ordinal] FROM valuation v JOIN run_axis a"
            " USING (run, block) WHERE v.run = %s AND a.scenario = %s ORDER BY position",
            run,
            scenario,
        )

    for scenario in subset:
        assert cells(whole, scenario) == cells(part, scenario)
    figures["cells_compared"] = len(subset) * len(cells(whole, "BASE"))
