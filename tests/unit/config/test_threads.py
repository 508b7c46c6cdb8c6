"""Requests share a fixed set of threads; streams and health have none of it."""

import asyncio
import threading

from asgiref.sync import sync_to_async

from config import threads
from config.threads import threaded


def _answer(names, hold=None):
    async def application(scope, receive, send):
        def work():
            if hold is not None:
                hold.wait(5)
            names.append(threading.current_thread().name)

        await sync_to_async(work)()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    return application


async def _ask(application, path="/graphql"):
    sent = []

    async def send(message):
        sent.append(message)

    await application({"type": "http", "path": path}, None, send)
    return sent[0]["status"]


def test_one_request_after_another_is_answered_by_one_thread():
    names = []

    async def run():
        application = threaded(_answer(names), 4)
        return [await _ask(application) for _ in range(10)]

    assert asyncio.run(run()) == [200] * 10
    assert len(set(names)) == 1


def test_no_more_threads_answer_than_there_are():
    names = []

    async def run():
        application = threaded(_answer(names), 3)
        return await asyncio.gather(*(_ask(application) for _ in range(30)))

    assert asyncio.run(run()) == [200] * 30
    assert len(set(names)) <= 3


def test_who_comes_when_all_are_busy_and_many_wait_is_sent_away(monkeypatch):
    monkeypatch.setattr(threads, "MOST_WAITING", 2)
    hold = threading.Event()

    async def run():
        application = threaded(_answer([], hold), 1)
        asked = [asyncio.ensure_future(_ask(application)) for _ in range(4)]
        await asyncio.sleep(0.1)
        health = asyncio.ensure_future(_ask(threaded(_answer([])), "/healthz"))
        assert await asyncio.wait_for(health, 5) == 200
        hold.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(run()) == [200, 200, 200, 503]


def test_a_thread_comes_back_when_its_request_fails():
    async def broken(scope, receive, send):
        raise RuntimeError("broken")

    async def run():
        application = threaded(broken, 1)
        return await asyncio.gather(*(_ask(application) for _ in range(3)), return_exceptions=True)

    assert [str(each) for each in asyncio.run(run())] == ["broken"] * 3
