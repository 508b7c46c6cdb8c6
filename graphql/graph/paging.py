"""Pages of lists by keyset: the cursor is the key of the last row, never an offset.

A page is one statement whatever its place in the list, and rows that come or go elsewhere never
make it repeat or skip one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from django.db.models import Model, QuerySet

from graph.declare import DEFAULT_PAGE, MAX_PAGE, object_type, sized
from graph.errors import BadInput
from graph.texts import check_values

T = TypeVar("T")
M = TypeVar("M", bound=Model)

First = Annotated[int, strawberry.argument(description="At most so many rows, 1 to 200.")]
After = Annotated[
    str | None, strawberry.argument(description="The endCursor of the page before this one.")
]


@object_type(shareable=True)
class PageInfo:
    """Whether more rows follow, and where."""

    has_next_page: bool
    end_cursor: str | None


@object_type()
class Edge(Generic[T]):
    """A row and the cursor after which the next one comes."""

    node: T
    cursor: str


@object_type()
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]]
    page_info: PageInfo

    @strawberry.field
    def nodes(self) -> list[T]:
        """The rows without their cursors."""
        return [edge.node for edge in self.edges]


CONNECTION = sized("nodes", "edges")
"""The directive of every field that returns a Connection."""


def page(
    rows: QuerySet[M],
    make: Callable[[M], T],
    *,
    key: str,
    first: int,
    after: str | None,
    descending: bool = False,
) -> Connection[T]:
    """Return the page of `rows` in order of the unique column `key` that follows `after`."""
    check_first(first)
    if after is not None:
        kind = int if rows.model._meta.get_field(key).get_internal_type() != "CharField" else str
        value = decode(after, kind)
        rows = rows.filter(**{f"{key}__lt" if descending else f"{key}__gt": value})
    found = list(rows.order_by(f"-{key}" if descending else key)[: first + 1])
    edges = [Edge(node=make(row), cursor=encode(getattr(row, key))) for row in found[:first]]
    return connection(edges, more=len(found) > first)


def connection(edges: Sequence[Edge[T]], *, more: bool) -> Connection[T]:
    """Return a page of these rows."""
    end = edges[-1].cursor if edges else None
    return Connection(edges=list(edges), page_info=PageInfo(has_next_page=more, end_cursor=end))


def check_first(first: int) -> None:
    """Refuse a page that is empty or too long."""
    if not 1 <= first <= MAX_PAGE:
        raise BadInput(f"first is {first}; it must be 1 to {MAX_PAGE}")


def encode(key: Any) -> str:
    """Return the cursor of a key: opaque to clients."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str, kind: type[Any]) -> Any:
    """Return the key in a cursor, refusing one that is not of this list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        value = None
    if type(value) is not kind or (kind is int and not 0 <= value < 2**31):
        raise BadInput("after is not a cursor of this list")
    check_values(value)
    return value


def number(id_: str, name: str) -> int:
    """Return the number in an id, refusing what is none."""
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 9):
        raise BadInput(f"{name} is not an id")
    return int(id_)


__all__ = ["CONNECTION", "DEFAULT_PAGE", "After", "Connection", "Edge", "First", "PageInfo", "page"]
