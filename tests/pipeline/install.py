"""Puts the made-up book in the place of stored blocks, and a pause behind each claim."""

from apps.portfolio import selectors
from apps.run import adapters, leases, process, request
from tests.pipeline import book, pauses

ENGINE = "made-up"


def in_this_process() -> None:
    selectors.load_shard = book.load_shard
    selectors.shards = book.shards
    adapters.verify_numeric_profile = pauses.verify_fitness
    process.engine = request.engine = lambda: ENGINE
    claim = leases.claim

    def claim_and_pause(connection, holder, count=1):
        tasks = claim(connection, holder, count)
        for task in tasks:
            pauses.reach("claimed", task.phase, task.first, task.last)
        return tasks

    leases.claim = claim_and_pause
