"""The portfolio tree as a value: its rules, its numbering, its hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from foundation import hashing

LEVEL = MappingProxyType({"FUND": 0, "SUB_FUND": 1, "DESK": 2, "BOOK": 3})
"""Depth of each type: a child's is greater than its parent's, levels may be skipped."""


@dataclass(frozen=True, slots=True)
class Place:
    """A portfolio and the code of the one it stands under."""

    code: str
    name: str
    node_type: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A portfolio at its number: from 1, depth first, siblings by code."""

    node: int
    code: str
    name: str
    node_type: str
    parent: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class TreeFault:
    """Why a portfolio cannot stand where it says: CYCLE, LEVEL or REFERENCE."""

    code: str
    kind: str
    expected: str
    found: str


def faults(places: Mapping[str, Place]) -> list[TreeFault]:
    """Return what keeps the portfolios from being a tree."""
    found: list[TreeFault] = []
    circles = set(cyclic({p.code: p.parent for p in places.values() if p.parent is not None}))
    for place in places.values():
        if place.parent is None:
            continue
        if place.code in circles:
            found.append(TreeFault(place.code, "CYCLE", "a parent above, not below", place.parent))
            continue
        parent = places.get(place.parent)
        if parent is None:
            found.append(TreeFault(place.code, "REFERENCE", "a parent that exists", place.parent))
        elif LEVEL[parent.node_type] >= LEVEL[place.node_type]:
            found.append(
                TreeFault(
                    place.code,
                    "LEVEL",
                    "a parent of a higher level: FUND > SUB_FUND > DESK > BOOK",
                    f"{place.node_type} under the {parent.node_type} {parent.code}",
                )
            )
    return found


def cyclic(parents: Mapping[str, str]) -> list[str]:
    """Return the codes that are their own ancestors, sorted; `parents` maps child to parent."""
    settled: set[str] = set()
    inside: set[str] = set()
    for start in parents:
        path: dict[str, int] = {}
        at: str | None = start
        while at is not None and at not in settled and at not in path:
            path[at] = len(path)
            at = parents.get(at)
        if at is not None and at in path:
            inside.update(code for code, step in path.items() if step >= path[at])
        settled.update(path)
    return sorted(inside)


def numbered(places: Iterable[Place]) -> list[Node]:
    """Return the nodes in order of their numbers; `places` must be a tree without faults."""
    children: dict[str | None, list[Place]] = {}
    for place in places:
        children.setdefault(place.parent, []).append(place)
    for siblings in children.values():
        siblings.sort(key=lambda place: place.code, reverse=True)
    nodes: list[Node] = []
    waiting: list[tuple[Place, int | None, int]] = [
        (place, None, 0) for place in children.get(None, [])
    ]
    while waiting:
        place, parent, depth = waiting.pop()
        number = len(nodes) + 1
        nodes.append(Node(number, place.code, place.name, place.node_type, parent, depth))
        waiting.extend((child, number, depth + 1) for child in children.get(place.code, []))
    return nodes


def content_hash(nodes: Sequence[Node]) -> bytes:
    """Return the hash of a tree version: its nodes in order, parents by number."""
    return hashing.content_hash(
        [
            {"code": n.code, "name": n.name, "node_type": n.node_type, "parent": n.parent}
            for n in nodes
        ]
    )


def closure(nodes: Sequence[Node]) -> Iterator[tuple[int, int, int]]:
    """Yield (ancestor, descendant, distance) of every pair, each node with itself at 0."""
    parents = {node.node: node.parent for node in nodes}
    for node in nodes:
        at: int | None = node.node
        distance = 0
        while at is not None:
            yield at, node.node, distance
            at = parents[at]
            distance += 1
