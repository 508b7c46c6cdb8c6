"""Which curve discounts flows in one currency that are collateralised in another."""

from __future__ import annotations

from collections.abc import Mapping

from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError


def read(
    value: object, curves: Mapping[str, ZeroCurve], hashes: dict[str, bytes]
) -> dict[tuple[str, str], str]:
    """Return curve names by (currency of flows, currency of collateral).

    Their hashes are `collateral/USD/EUR`.
    """
    found: dict[tuple[str, str], str] = {}
    for flows, choices in reading.mapping(value, "collateral").items():
        reading.currency(flows, f"collateral.{flows}")
        for held, name in reading.mapping(choices, f"collateral.{flows}").items():
            place = f"collateral.{flows}.{held}"
            reading.currency(held, place)
            if not isinstance(name, str) or name not in curves:
                raise MarketError(place, f"there is no curve {name!r}")
            if curves[name].currency != flows:
                raise MarketError(place, f"curve {name} is in {curves[name].currency}")
            found[flows, held] = name
            hashes[f"collateral/{flows}/{held}"] = content_hash(name)
    return found
