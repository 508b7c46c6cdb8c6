"""Made-up stages of every phase: cheap, and a function of nothing but position and cell."""

import os
import signal
import time

import numpy as np

from apps.run.contracts import CellSpec, GroupRows, PositionError
from tests.pipeline import pauses


class RankContext:
    """Two facts of each position: its rank from the front and a square."""

    name = "rank"
    facts = ("rank", "square")

    def compute(self, shard):
        rank = np.arange(shard.first, shard.last, dtype=np.int64)
        return np.stack([rank, rank * rank], axis=1)


class MadeUpPricing:
    """PV per scenario: amounts of many sizes, from the row hash, the context and the scenario."""

    name = "made_up"

    def cells(self, request):
        return [
            CellSpec("PV", str(scenario["code"]), "", "AMOUNT", request.currency, 6, "SUM")
            for scenario in request.scenarios
        ]

    def compute(self, shard):
        pauses.reach("compute", "VALUE", shard.first, shard.last)
        time.sleep(pauses.seconds_per_task())
        if pauses.culprits() & set(range(shard.first, shard.last)):
            os.kill(os.getpid(), signal.SIGKILL)
        begun = time.perf_counter()
        shard.cells[self.name] = values(shard.row_hash, shard.context, shard.request.scenarios)
        shard.input_hash = shard.row_hash
        shard.columns["base_notional"] = np.abs(shard.cells[self.name][:, 0])
        for row in range(shard.count):
            if (shard.first + row) % 97 == 13:
                shard.errors[row] = PositionError("TERMS_INVALID", "made up", "PV@BASE")
        if os.environ.get("TIEOUT_TEST_RAISE"):
            raise RuntimeError(os.environ["TIEOUT_TEST_RAISE"])
        shard.columns["seconds"] = {"made_up.values": time.perf_counter() - begun}


def values(row_hash, context, scenarios):
    drawn = row_hash[:, :6].astype(np.float64) @ (256.0 ** np.arange(6))
    base = (drawn / 2.0**48 - 0.3) * 10.0 ** (row_hash[:, 6] % 9)
    base += 0.0 if context is None else context[:, 1] / 7.0
    shocks = np.array([sum(str(item["code"]).encode()) / 1e5 for item in scenarios])
    return base[:, None] * (1.0 + shocks[None, :])


class BookTotals:
    """The exact BASE total of each book, as a group result."""

    name = "book_totals"

    def compute(self, connection, request, run_id):
        rows = connection.execute(
            "SELECT book::text, sum(cells[1])::int8, count(*) FROM valuation"
            " WHERE run = %s AND block = 0 AND status = 0 GROUP BY book ORDER BY book",
            (run_id,),
        ).fetchall()
        return GroupRows([("BOOK", book, (total, count)) for book, total, count in rows])
