"""The cube's sink, which can stop in the middle of its COPY and before its COMMIT."""

import struct

from apps.result.sinks import CubeSink
from tests.pipeline import pauses


class _PausingCopy:
    def __init__(self, manager, task_range):
        self._manager = manager
        self._range = task_range
        self._writes = 0

    def __enter__(self):
        self._copy = self._manager.__enter__()
        return self

    def __exit__(self, *error):
        return self._manager.__exit__(*error)

    def write(self, data):
        self._writes += 1
        if self._writes == 2:
            half = len(data) // 2
            self._copy.write(data[:half])
            pauses.reach("copy", "VALUE", *self._range)
            data = data[half:]
        self._copy.write(data)


class _PausingCursor:
    def __init__(self, cursor, task_range):
        self._cursor = cursor
        self._range = task_range

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    def copy(self, statement, *args):
        return _PausingCopy(self._cursor.copy(statement, *args), self._range)


class PausingSink(CubeSink):
    """Everything is the cube's; the positions of the task are read from its encoded rows."""

    def copy(self, cursor, encoded):
        task_range = _range(encoded)
        if task_range is None:
            super().copy(cursor, encoded)
            return
        super().copy(_PausingCursor(cursor, task_range), encoded)
        pauses.reach("commit", "VALUE", *task_range)


def _range(encoded):
    """The positions of a VALUE task, from its digest row: (columns, run, task, first, count)."""
    for table, data in encoded.copies:
        if table == "valuation_digest":
            first, count = struct.unpack(">xx4xi4xi4xi4xi", bytes(data[:34]))[2:]
            return first, first + count
    return None
