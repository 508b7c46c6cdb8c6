"""Loss given default: what collateral covers after haircut, costs and prior liens, then cures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray, IntArray
from pricing.credit.errors import CreditError
from pricing.credit.parameters import Parameters, numbers


@dataclass(frozen=True, slots=True)
class Recovery:
    """Parameters of recovery, fractions: by kind of collateral, by seniority, and of cures."""

    label: str
    haircuts: dict[str, float]
    costs: dict[str, float]
    unsecured: dict[str, float]
    cures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Collateral:
    """Assets that secure positions: values and prior liens in money, one entry an asset."""

    kinds: Sequence[str]
    values: npt.ArrayLike
    prior_liens: npt.ArrayLike


@dataclass(frozen=True, slots=True)
class Links:
    """Which asset secures which position: numbers of both, rank (1 first), the most it secures."""

    position: IntArray
    asset: IntArray
    rank: IntArray
    at_most: FloatArray


@dataclass(frozen=True, slots=True)
class Loss:
    """By position: amount covered by collateral, and LGD as a fraction of exposure."""

    covered: FloatArray
    lgd: FloatArray


def read(parameters: Parameters) -> Recovery:
    """Return the recovery of an LGD document: haircuts, costs, unsecured, cures, from 0 to 1."""
    place = f"parameters.{parameters.name}.values"
    parts = [
        numbers(parameters.values, field, place, 0.0, 1.0)
        for field in ("haircuts", "costs", "unsecured", "cures")
    ]
    return Recovery(parameters.label, *parts)


def named(known: dict[str, float], names: Sequence[str], place: str) -> FloatArray:
    """Return the parameter of each name; UNKNOWN_NAME names the element, never a default."""
    for i, name in enumerate(names):
        if name not in known:
            raise CreditError(
                "UNKNOWN_NAME", f"{place}[{i}]", f"{name!r} is none of {', '.join(sorted(known))}"
            )
    return np.array([known[name] for name in names], dtype=np.float64)


def net_values(recovery: Recovery, collateral: Collateral) -> FloatArray:
    """Return what each asset brings: value x (1 - haircut) x (1 - costs) - prior liens, from 0."""
    haircut = named(recovery.haircuts, collateral.kinds, "collateral.kinds")
    cost = named(recovery.costs, collateral.kinds, "collateral.kinds")
    value = arrays.amounts(collateral.values, "collateral.values")
    liens = arrays.amounts(collateral.prior_liens, "collateral.prior_liens")
    if not value.shape == liens.shape == haircut.shape:
        raise CreditError("SHAPE", "collateral", "kinds, values and prior liens differ in length")
    return np.maximum(value * (1.0 - haircut) * (1.0 - cost) - liens, 0.0)


def covered(exposures: npt.ArrayLike, net: FloatArray, links: Links) -> FloatArray:
    """Return what of each exposure collateral covers: a waterfall by rank, assets in their order.

    The positions of one rank of an asset share what is left of it in proportion to what of their
    exposure is still open, each up to `at_most`. No asset is used twice, no exposure covered twice.
    """
    open_amount = arrays.amounts(exposures, "exposures").copy()
    left = net.copy()
    capacity = arrays.amounts(links.at_most, "links.at_most") if len(links.position) else net[:0]
    for field, count in ((links.position, len(open_amount)), (links.asset, len(net))):
        if len(field) and (field.min() < 0 or field.max() >= count):
            raise CreditError("SHAPE", "links", f"a link points outside {count} entries")
    listed = list(
        zip(*(one.tolist() for one in (links.position, links.asset, links.rank)), strict=True)
    )
    if len(set(listed)) < len(listed):
        i = next(i for i, one in enumerate(listed) if one in listed[:i])
        raise CreditError("SHAPE", f"links[{i}]", "this position, asset and rank stand twice")
    for rank in np.unique(links.rank):
        for asset in np.unique(links.asset[links.rank == rank]):
            chosen = np.flatnonzero((links.rank == rank) & (links.asset == asset))
            asked = np.minimum(open_amount[links.position[chosen]], capacity[chosen])
            total = float(asked.sum())
            if total <= 0.0:
                continue
            share = asked if total <= left[asset] else asked * (left[asset] / total)
            left[asset] = max(0.0, left[asset] - float(share.sum()))
            np.subtract.at(open_amount, links.position[chosen], share)
    return np.asarray(exposures, dtype=np.float64) - np.maximum(open_amount, 0.0)


def loss_given_default(
    recovery: Recovery,
    exposures: npt.ArrayLike,
    seniorities: Sequence[str],
    segments: Sequence[str],
    collateral: Collateral,
    links: Links,
) -> Loss:
    """Return LGD = (1 - cure) x unsecured LGD of the seniority x uncovered share of exposure.

    A cure is a default that returns to paying without loss (its rate by segment). LGD is 0 where
    there is no exposure.
    """
    amount = arrays.amounts(exposures, "exposures")
    unsecured = named(recovery.unsecured, seniorities, "seniorities")
    cure = named(recovery.cures, segments, "segments")
    if not amount.shape == unsecured.shape == cure.shape:
        raise CreditError("SHAPE", "exposures", "seniorities and segments differ in length")
    secured = covered(amount, net_values(recovery, collateral), links)
    open_share = np.divide(amount - secured, amount, out=np.zeros_like(amount), where=amount > 0.0)
    return Loss(secured, (1.0 - cure) * unsecured * open_share)
