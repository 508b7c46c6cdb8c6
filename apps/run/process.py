"""One of the worker processes that the supervisor starts."""

from __future__ import annotations

import sys

from django.conf import settings

from apps.run import adapters
from apps.run.engine import engine
from apps.run.expiry import Limits
from apps.run.leases import Holder
from apps.run.supervisor import UNFIT, owner_name
from apps.run.worker import Terms, Worker


def work(process: str, *, lease_seconds: float, drain: bool, supervisor: int | None) -> None:
    """Work on runs until stopped or drained; exit with UNFIT where the canary differs."""
    try:
        adapters.verify_numeric_profile()
    except Exception as error:
        sys.stderr.write(f"this machine may not work on runs: {error}\n")
        sys.exit(UNFIT)
    holder = Holder(
        owner=owner_name(process),
        engine=engine(),
        profile=adapters.numeric_profile(),
        lease_seconds=lease_seconds,
    )
    terms = Terms(
        poll_seconds=settings.TIEOUT_POLL_SECONDS,
        task_seconds=settings.TIEOUT_TASK_SECONDS,
        backoff_seconds=settings.TIEOUT_BACKOFF_SECONDS,
        limits=Limits(
            crashes_before_split=settings.TIEOUT_CRASHES_BEFORE_SPLIT,
            splits=settings.TIEOUT_SPLITS_PER_RUN,
        ),
        drain=drain,
        supervisor=supervisor,
    )
    Worker(holder, terms).work()
