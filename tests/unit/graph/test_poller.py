"""The poller serves everybody who subscribed, whoever comes or leaves meanwhile."""

import asyncio

import pytest

from graph import poller as pollers
from graph.errors import BadInput
from graph.poller import Poller

ROW = (1, "RUNNING", "VALUE", 10, None, None, 0, 0)
DONE = (1, "COMPLETED", "FINALISE", 10, None, None, 0, 0)


class Scripted(Poller):
    """A poller whose database says what the test wants, once for each call."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows
        self.closed = 0

    async def _rows(self, statement, parameters):
        await asyncio.sleep(0)
        return [(True,)] if "codes" in parameters else self.rows

    async def _close(self):
        async with self._opening:
            self.closed += 1


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(pollers, "INTERVAL_SECONDS", 0.005)


def test_who_subscribes_while_the_connection_is_closed_is_served():
    async def scene():
        poller = Scripted([ROW])
        first = poller.follow(1, None)
        await anext(first)
        await poller._opening.acquire()  # a query of somebody else is under way
        await first.aclose()
        await asyncio.sleep(0.05)  # the poller finds nobody, and waits for the connection
        second = poller.follow(1, None)
        waiting = asyncio.ensure_future(anext(second))
        await asyncio.sleep(0.05)
        poller._opening.release()
        found = await asyncio.wait_for(waiting, 2)
        await second.aclose()
        await poller._task
        return found, poller.closed

    found, closed = asyncio.run(scene())
    assert found.status == "RUNNING"
    assert closed == 2


def test_a_run_that_is_gone_ends_its_stream_and_no_other():
    async def scene():
        poller = Scripted([ROW, (2, *ROW[1:])])
        one, two = poller.follow(1, None), poller.follow(2, None)
        await anext(one)
        await anext(two)
        poller.rows = [DONE]
        rest = [[progress.status async for progress in each] for each in (two, one)]
        await poller._task
        return rest

    assert asyncio.run(scene()) == [[], ["COMPLETED"]]


def test_one_stream_too_many_is_refused(monkeypatch):
    monkeypatch.setattr(pollers, "MAX_FOLLOWERS", 1)

    async def scene():
        poller = Scripted([ROW])
        first = poller.follow(1, None)
        await anext(first)
        with pytest.raises(Exception, match="too many streams"):
            await anext(poller.follow(1, None))
        await first.aclose()
        await poller._task

    asyncio.run(scene())


def test_a_run_that_may_not_be_followed_does_not_exist():
    class Closed(Scripted):
        async def _rows(self, statement, parameters):
            return [(False,)]

    async def scene():
        with pytest.raises(BadInput, match="there is no run 1"):
            await anext(Closed([]).follow(1, ("DESK_A",)))

    asyncio.run(scene())
