"""What every resolver gets: who asks, and what was loaded for this request already."""

from __future__ import annotations

from dataclasses import dataclass, field

from strawberry.types import Info as StrawberryInfo

from apps.access.models import User
from graph.batch import Batches
from graph.poller import Poller
from graph.sight import Sight


@dataclass(slots=True)
class Context:
    """The request as resolvers see it. `user` is authenticated: the view lets nobody else in."""

    user: User
    batches: Batches = field(default_factory=Batches)
    poller: Poller | None = None
    sight: Sight = field(init=False)

    def __post_init__(self) -> None:
        self.sight = Sight(self.user)


Info = StrawberryInfo[Context, None]
