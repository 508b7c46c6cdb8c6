"""The cube at size: encode, COPY, finalise, publish, verify and read, made-up cells, 114 of them.

TIEOUT_BENCH_POSITIONS sets the size (20,000). Run with `make bench`, or
`pytest tests/benchmarks/test_cube.py -s`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.portfolio.dimensions import Dimension
from apps.publication import services, verification
from apps.result import selectors
from apps.result.sinks import CubeSink
from apps.run.contracts import CellSpec
from tests.integration.result import synthetic

POSITIONS = int(os.environ.get("TIEOUT_BENCH_POSITIONS", "20000"))
SHARD = 20_000
CELLS = 114


@pytest.fixture
def report(capsys: Any) -> Iterator[dict[str, float]]:
    seconds: dict[str, float] = {}
    yield seconds
    with capsys.disabled():
        print(f"\ncube of {POSITIONS:,} positions x {CELLS} cells")
        for name, spent in seconds.items():
            per = f"{spent / POSITIONS * 1e6:8.2f} us/position" if spent > 0.05 else ""
            print(f"  {name:34} {spent * 1e3:10.1f} ms {per}")


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - begun


def _quickest(read: Callable[[], Any], times: int = 5) -> float:
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        read()
        spent.append(time.perf_counter() - begun)
    return sorted(spent)[times // 2]


def test_cube(database: Any, tmp_path: Path, acting_as: Any, report: dict[str, float]) -> None:
    axis = tuple(
        CellSpec("PV", f"S{number}" if number else "BASE", "", "AMOUNT", "USD", 6, "SUM")
        for number in range(CELLS)
    )
    book = synthetic.make_book(POSITIONS, axis=axis, errors=(7,))
    with database.connect("desk") as desk:
        tree, snapshot = synthetic.store_inputs(desk, book)
    request = synthetic.make_request(snapshot, tree_id=tree)
    with database.connect("web") as web:
        run = synthetic.open_run(web, book, request)
    with database.connect("worker") as worker:
        worker.execute("UPDATE run SET status = 'RUNNING'")
        for first in range(0, POSITIONS, SHARD):
            last = min(first + SHARD, POSITIONS)
            task = synthetic.add_task(worker, run, "VALUE", first, last)
            shard = synthetic.make_shard(book, first, last, run=run, task=task, request=request)
            with _timed(report, "encode, digests, roll-ups"):
                encoded = CubeSink().encode(shard, axis)
            with _timed(report, "COPY"), worker.transaction(), worker.cursor() as cursor:
                synthetic.end_task(worker, task, encoded.leaf_hash)
                CubeSink().copy(cursor, encoded)
        with _timed(report, "finalise"):
            synthetic.finalise(worker, run, request)
    with _timed(report, "publish"):
        services.publish(run, by="bench", manifest_dir=tmp_path)
    with acting_as("auditor"), _timed(report, "verify"):
        assert verification.verify(run).intact
    report["read: root"] = _quickest(lambda: selectors.cube(run, measures=["PV"]))
    report["read: children x 5 cells"] = _quickest(
        lambda: selectors.cube(
            run, by=[Dimension.PORTFOLIO], measures=["PV"], scenarios=[f"S{n}" for n in range(1, 6)]
        )
    )
    report["read: desk by sector"] = _quickest(
        lambda: selectors.cube(run, node="DESK_A", by=[Dimension.SECTOR], scenarios=["BASE"])
    )
    report["read: page of 200 by value"] = _quickest(
        lambda: selectors.positions(
            run, order=selectors.Order(), measures=["PV"], scenarios=["BASE"], first=200
        )
    )
    report["read: one position"] = _quickest(lambda: selectors.position(run, "P000100"))
