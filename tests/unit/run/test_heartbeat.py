"""When the heart beats, and what it takes a silence for."""

import datetime as dt
import time
from uuid import uuid4

import pytest

from apps.run.heartbeat import Heartbeat, LeaseLost
from apps.run.leases import Task


def make_task():
    now = dt.datetime.now(dt.UTC)
    return Task(1, 1, "VALUE", 0, 10, None, 1, 5, uuid4(), "tieout:x", now)


class Recorded(Heartbeat):
    """A heart whose beats are answered from a list and not by a database."""

    def __init__(self, answers=(), lease=0.4):
        super().__init__("tieout:x", lease, 60.0)
        self.beats, self._answers = [], list(answers)

    def _prolong(self, task):
        self.beats.append(task)
        return self._answers.pop(0) if self._answers else True


@pytest.fixture
def heart():
    made = []

    def make(*args, **kwargs):
        made.append(Recorded(*args, **kwargs))
        made[-1].start()
        return made[-1]

    yield make
    for found in made:
        found.end()
        found.join(2)
        assert not found.is_alive()


def test_it_beats_four_times_a_lease(heart):
    beating = heart()
    beating.hold(make_task())
    time.sleep(1.0)
    assert 4 <= len(beating.beats) <= 11
    beating.check()


def test_tasks_shorter_than_a_quarter_of_the_lease_need_no_beat(heart):
    beating = heart(lease=4.0)
    for _ in range(50):
        beating.hold(make_task())
        time.sleep(0.005)
        beating.release()
    assert beating.beats == []


def test_a_lost_lease_is_told_at_the_next_check(heart):
    beating = heart([True, False])
    beating.hold(make_task())
    time.sleep(0.4)
    with pytest.raises(LeaseLost):
        beating.check()


def test_a_silence_shorter_than_the_lease_is_borne_and_a_longer_one_is_not(heart):
    beating = heart([None] * 20, lease=1.6)
    beating.hold(make_task())
    time.sleep(0.5)
    beating.check()
    time.sleep(2.0)
    with pytest.raises(LeaseLost):
        beating.check()


def test_a_new_task_begins_with_a_lease_that_is_not_lost(heart):
    beating = heart([False])
    beating.hold(make_task())
    time.sleep(0.2)
    beating.release()
    beating.hold(make_task())
    beating.check()
