"""One SQL statement for a whole page of related objects, without async data loaders.

The resolver that answers a page announces the keys its rows refer to; the first field that asks
for one of them loads all that were announced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

Load = Callable[[list[K]], Mapping[K, V]]


class Batch(Generic[K, V]):
    """Objects by key, loaded together; a key that does not exist reads None."""

    def __init__(self, load: Load[K, V]) -> None:
        self._load = load
        self._announced: dict[K, None] = {}
        self._found: dict[K, V | None] = {}

    def announce(self, keys: Iterable[K]) -> None:
        """Say that these keys are likely to be asked for."""
        self._announced.update((key, None) for key in keys if key not in self._found)

    def get(self, key: K) -> V | None:
        """The object of `key`, together with all announced so far in one load."""
        if key not in self._found:
            self._announced[key] = None
            wanted = list(self._announced)
            self._announced.clear()
            loaded = self._load(wanted)
            self._found.update((each, loaded.get(each)) for each in wanted)
        return self._found[key]


class Batches:
    """The batches of one request, by name."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch[Any, Any]] = {}

    def of(self, name: str, load: Load[K, V]) -> Batch[K, V]:
        """The request's batch of this name, made with `load` when it is first asked for."""
        if name not in self._batches:
            self._batches[name] = Batch(load)
        return self._batches[name]
