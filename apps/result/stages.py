"""PricingStage: the first stage of VALUE, from packed terms to float cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from apps.result import adapters
from apps.run.contracts import CellSpec, RunRequest, Shard


class PricingStage:
    """Value each product of a shard on the run's axis and convert into the axis currencies."""

    name = "pricing"

    def cells(self, request: RunRequest) -> Sequence[CellSpec]:
        """Return every asked measure on BASE and PV on every other scenario."""
        return adapters.specs(adapters.axis_of(request))

    def compute(self, shard: Shard) -> None:
        """Fill the shard's float cells, errors and input hashes."""
        prepared = adapters.prepared(shard.request)
        values = np.zeros((shard.count, len(prepared.axis)))
        dependencies = np.full(shard.count, -1, dtype=np.int64)
        objects: list[tuple[str, ...]] = []
        for _, rows, batch in shard.groups:
            priced = prepared.value(batch)
            values[rows] = priced.cells
            dependencies[rows] = priced.dependencies + len(objects)
            objects.extend(priced.objects)
            for row, error in priced.errors.items():
                shard.errors.setdefault(int(rows[row]), error)
        shard.cells[self.name] = values
        shard.input_hash = adapters.input_hash(shard, dependencies, objects)
