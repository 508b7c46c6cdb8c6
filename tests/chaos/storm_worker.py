"""A bare worker on the lease protocol, light enough to be killed hundreds of times.

Started as a process with the connection's parameters as JSON, a lease in seconds, `fenced` or
`unfenced`, and a seed. It writes rows that carry its lease token into storm_row, a table without
any key: nothing but the protocol keeps a task from being written twice.
"""

import json
import random
import sys
import threading
import time
from uuid import uuid4

import psycopg

from apps.run import expiry, leases
from apps.run.connections import LOST
from apps.run.expiry import Limits
from apps.run.leases import Attempt, Fenced, Holder

ROWS = 20
LIMITS = Limits(crashes_before_split=1_000_000)

UNFENCED = """
UPDATE run_task
SET status = 'SUCCEEDED', leaf_hash = 'x', finished_at = clock_timestamp(),
    lease_token = NULL, lease_owner = NULL, leased_until = NULL
WHERE task_id = %(task)s
"""
"""The textbook's completion: who computed it may write it."""


def main():
    parameters, lease, protocol, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    who = Holder(f"tieout:{uuid4()}", "engine", "profile", float(lease))
    connect = json.loads(parameters) | {"application_name": who.owner, "autocommit": True}
    while True:
        try:
            with psycopg.connect(**connect) as connection:
                work(connection, connect, who, rng, protocol == "fenced")
                return
        except LOST:
            time.sleep(0.05)


def work(connection, connect, who, rng, fenced):
    while True:
        expiry.sweep(connection, who, LIMITS)
        claimed = leases.claim(connection, who)
        if not claimed:
            left = connection.execute(
                "SELECT EXISTS (SELECT FROM run_task WHERE status IN ('QUEUED', 'RUNNING'))"
            ).fetchone()
            if not left[0]:
                return
            time.sleep(0.02)
            continue
        task = claimed[0]
        done = threading.Event()
        threading.Thread(target=beat, args=(connect, task, done), daemon=True).start()
        time.sleep(rng.random() * 0.06)
        done.set()
        finish(connection, task, fenced)


def beat(connect, task, done):
    try:
        with psycopg.connect(**connect) as connection:
            connection.execute("SET lock_timeout = '100ms'")
            while not done.wait(0.1):
                leases.heartbeat(connection, task)
    except psycopg.Error:
        return


def finish(connection, task, fenced):
    rows = [(task.task_id, task.lease_token, number) for number in range(ROWS)]

    def copy(cursor):
        with cursor.copy("COPY storm_row (task, token, number) FROM STDIN") as out:
            for row in rows:
                out.write_row(row)

    if not fenced:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(UNFENCED, {"task": task.task_id})
            copy(cursor)
        return
    try:
        leases.complete(connection, Attempt(task, task.lease_owner), b"x", copy)
    except Fenced as refused:
        leases.record_fenced(connection, Attempt(task, task.lease_owner), str(refused))


if __name__ == "__main__":
    main()
