"""A book of loans x 100 scenarios from its snapshot to a finalised run, on two workers.

The run has 114 cells: PV on every scenario; accrued interest, DV01, eleven key rates and notional
on BASE. The server is durable and was checkpointed before.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.installation import WORKERS, Installation, Valued
from tests.benchmarks.meter import CLIENT, SERVER

CELLS = 114
STEPS = (
    "load",
    "pricing",
    "generate",
    "kernel",
    "encode",
    "hash",
    "rollup",
    "copy",
    "finalise",
)
"""pricing, encode: what is left of them without the steps inside, which follow."""

Record = Callable[[str, object], None]


def test_a_run_end_to_end(
    installation: Installation, valued: Valued, record_property: Record
) -> None:
    run, count = valued.run, valued.book.positions
    ((wall, hash_, cells, good, bad),) = installation.rows(
        "SELECT extract(epoch FROM finished_at - started_at)::float8, result_hash, cell_count,"
        " valued_count, error_count FROM run WHERE run_id = %s",
        run,
    )
    assert (cells, good, bad) == (CELLS, count, 0)
    figures = {
        "wall_seconds": wall,
        "finalise_wall_seconds": _finalise_wall(installation, run),
        "command_wall_seconds": valued.worked.wall,
        "core_seconds": valued.worked.cores,
        "worker_core_seconds": valued.worked.client,
        "server_core_seconds": valued.worked.server,
        "log_bytes_per_position": valued.log_bytes / count,
        "disk_bytes_per_position": _disk(installation, run) / count,
    }
    print(f"\nend to end: {count:,} loans x 100 scenarios, {CELLS} cells, {WORKERS} workers")
    print(f"  result_hash {bytes(hash_).hex()}")
    for name, value in figures.items():
        record_property(name, value)
        print(f"  {name:<26} {value:>12,.2f}")
    _print_steps(_steps(installation, run), valued, record_property)
    for owner, peak in enumerate(_peaks(installation, run)):
        record_property(f"worker_{owner}_peak_mb", peak)
        print(f"  worker {owner} peak memory       {peak:>12,.0f} MB")
    for table, size in _tables(installation, run):
        print(f"  {table:<26} {size / count:>12,.0f} bytes a position")


def _print_steps(
    steps: dict[str, tuple[float, float]], valued: Valued, record_property: Record
) -> None:
    rest = (
        valued.worked.client - sum(client for client, _ in steps.values()),
        valued.worked.server - sum(server for _, server in steps.values()),
    )
    million = 1e6 / valued.book.positions
    print(f"  {'core-seconds of':<16} {'worker':>9} {'server':>9} {'us a position':>14}")
    for name, (client, server) in {**steps, "rest": rest}.items():
        record_property(f"{name}_core_seconds", client + server)
        each = (client + server) * million
        print(f"  {name:<16} {client:>9.2f} {server:>9.2f} {each:>14.2f}")


def _steps(installation: Installation, run: int) -> dict[str, tuple[float, float]]:
    found: dict[str, float] = dict(
        installation.rows(
            "SELECT key, sum(value::float8) FROM run_task_attempt, jsonb_each_text(seconds)"
            " WHERE run_id = %s GROUP BY key",
            run,
        )
    )
    stray = {key.split(" ", 1)[1] for key in found if key.startswith((CLIENT, SERVER))} - {*STEPS}
    assert not stray, "steps that the table does not show"
    return {name: (found.get(CLIENT + name, 0.0), found.get(SERVER + name, 0.0)) for name in STEPS}


def _finalise_wall(installation: Installation, run: int) -> float:
    ((seconds,),) = installation.rows(
        "SELECT extract(epoch FROM finished_at - started_at)::float8 FROM run_task"
        " WHERE run_id = %s AND phase = 'FINALISE'",
        run,
    )
    return float(seconds)


def _peaks(installation: Installation, run: int) -> list[float]:
    rows = installation.rows(
        "SELECT max((seconds ->> 'peak_mb')::float8) FROM run_task_attempt WHERE run_id = %s"
        " GROUP BY lease_owner ORDER BY 1 DESC",
        run,
    )
    return [float(peak) for (peak,) in rows]


def _tables(installation: Installation, run: int) -> list[tuple[str, int]]:
    """The run's leaves by the name of their table, largest first, indexes included."""
    found = installation.rows(
        "SELECT parent.relname::text, pg_total_relation_size(leaf.oid) AS size"
        " FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent"
        " JOIN pg_class leaf ON leaf.oid = inhrelid"
        " WHERE leaf.relname = parent.relname || '_r' || %s::int4 AND leaf.relkind = 'r'"
        " ORDER BY size DESC",
        run,
    )
    return [(str(name), int(size)) for name, size in found]


def _disk(installation: Installation, run: int) -> int:
    return sum(size for _, size in _tables(installation, run))
