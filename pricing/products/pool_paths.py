"""How a pool is valued over paths of rates: how many there are, and which numbers make them.

docs/methods/mbs_pool.md gives the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

from pricing.batch import Names
from pricing.failure import Refused
from pricing.hull_white.philox import key_of
from pricing.products.fields import declared
from pricing.products.rows import Row

COLUMNS = {"model": "i4", "paths": "i4", "key": "i8"}
"""The columns of paths in a packed batch; `model` is "" and `paths` 0 where there are none."""

MODEL = "HULL_WHITE"


@dataclass(frozen=True, slots=True)
class PoolPaths:
    """Valuation by Monte Carlo; absent from the terms: on the forward curve alone."""

    paths: int = declared(
        "integer",
        "paths, a multiple of four: half of them mirror the other half",
        256,
        low=16,
        high=16384,
    )
    seed: int = declared(
        "integer", "another number makes other paths of the same pool", 0, low=0, high=2**31 - 1
    )


def path_row(given: PoolPaths | None, pool: tuple[object, ...], names: Names) -> Row:
    """Return the columns of paths; `pool` is what the paths of two pools differ by."""
    if given is None:
        return {}
    if given.paths % 4:
        raise Refused("TERMS_INVALID", "terms.monte_carlo.paths: a multiple of 4 is expected")
    text = "/".join(str(part) for part in (given.seed, *pool))
    return {"model": names.code(MODEL), "paths": given.paths, "key": key_of(text)}
