"""What the user of a request may see, read once per request and tree."""

from __future__ import annotations

from functools import cached_property

from apps.access.models import User
from apps.portfolio import grants


class Sight:
    """The user's grants; None means everything."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._nodes: dict[int, tuple[int, ...] | None] = {}

    @cached_property
    def codes(self) -> grants.Codes:
        """The codes of the granted portfolios."""
        return grants.granted_codes(self._user)

    @cached_property
    def portfolios(self) -> tuple[int, ...] | None:
        """The ids of the portfolios the user may see today."""
        return grants.granted_portfolios(self.codes)

    def nodes(self, tree: int) -> tuple[int, ...] | None:
        """The granted nodes of one version of the tree."""
        if tree not in self._nodes:
            self._nodes[tree] = grants.granted_nodes(self.codes, tree)
        return self._nodes[tree]

    def covers(self, tree: int, node: int) -> bool:
        """Whether all under a node is granted: only then are figures of the whole shown."""
        return grants.covers(self.codes, tree=tree, node=node)
