"""Live progress of runs, for /graphql/stream only. Nothing here touches the ORM."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry

from graph.context import Info
from graph.declare import root_type, subscription
from graph.errors import BadInput
from graph.paging import number
from graph.progress import ProgressType


@root_type
class Subscription:
    """What a client may follow at /graphql/stream."""

    @subscription()
    async def run_progress(
        self, info: Info, run: strawberry.ID
    ) -> AsyncGenerator[ProgressType, None]:
        """Where a run stands, now and at each change, until it is over."""
        poller = info.context.poller
        if poller is None:
            raise BadInput("subscriptions are answered at /graphql/stream")
        async for progress in poller.follow(number(run, "run"), info.context.sight.codes):
            yield ProgressType.of(progress)
