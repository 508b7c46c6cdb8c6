"""Weights of securitisation tranches: SEC-SA (BCBS CRE41) and SEC-ERBA (CRE42), fractions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.capital.arrays import FloatArray, within
from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Rulebook


def pool_capital(
    rules: Rulebook, standardised: npt.ArrayLike, delinquent: npt.ArrayLike
) -> FloatArray:
    """Return KA = (1 - W) KSA + 0.5 W of the pool's capital and its share of delinquent loans."""
    share = within(delinquent, "delinquent", 0.0, 1.0)
    capital = within(standardised, "standardised", 0.0, 1.0)
    return np.asarray((1.0 - share) * capital + rules.number("sa_delinquent_capital") * share)


def standardised_weights(
    rules: Rulebook,
    pool: npt.ArrayLike,
    attachment: npt.ArrayLike,
    detachment: npt.ArrayLike,
    kind: str = "STANDARD",
) -> FloatArray:
    """Return SEC-SA weights of tranches between attachment A and detachment D over capital KA.

    1250% below KA; above it 12.5 KSSFA = 12.5 (exp(a u) - exp(a l)) / (a (u - l)), a = -1/(p KA),
    u = D - KA, l = max(A - KA, 0); across it both by their shares. Floored by `kind`.
    """
    capital = within(pool, "pool", np.finfo(float).tiny, 1.0)
    low, high = within(attachment, "attachment", 0.0, 1.0), within(detachment, "detachment", 0, 1)
    capital, low, high = np.broadcast_arrays(capital, low, high)
    if np.any(high <= low):
        raise CapitalError("OUT_OF_RANGE", "detachment", "is not above the attachment")
    most = rules.number("maximum")
    slope = -1.0 / (rules.entry("sa_supervisory_p", kind) * capital)
    upper, lower = high - capital, np.maximum(low - capital, 0.0)
    width = np.where(upper > lower, upper - lower, 1.0)
    above = most * (np.exp(slope * upper) - np.exp(slope * lower)) / (slope * width)
    inside = np.clip((capital - low) / (high - low), 0.0, 1.0)
    weight = np.where(high <= capital, most, inside * most + (1.0 - inside) * above)
    return np.asarray(np.maximum(weight, rules.entry("floor", kind)))


def rated_weights(
    rules: Rulebook,
    ratings: npt.ArrayLike,
    maturity: npt.ArrayLike,
    senior: npt.ArrayLike,
    thickness: npt.ArrayLike,
) -> FloatArray:
    """Return SEC-ERBA weights by rating, between those of one and five years; floored.

    A tranche that is not senior weighs less by its thickness, to 50%.
    """
    names = np.asarray(ratings, dtype=np.str_)
    held = rules.numbers("erba_maturity")
    years = np.clip(within(maturity, "maturity", 0.0, 1_000.0), held["low"], held["high"])
    top = np.asarray(senior, dtype=bool)
    share = (years - held["low"]) / (held["high"] - held["low"])

    def between(kind: str) -> FloatArray:
        one, five = (
            np.array([rules.entry(f"erba_{kind}_{term}", name) for name in names.ravel().tolist()])
            for term in ("1y", "5y")
        )
        return np.asarray((one + (five - one) * share.ravel()).reshape(names.shape))

    cut = np.minimum(within(thickness, "thickness", 0.0, 1.0), rules.number("erba_thickness_cap"))
    above = between("senior")
    # A junior tranche does not weigh less than a senior one of its rating and maturity.
    below = np.maximum(between("junior") * (1.0 - cut), above)
    return np.asarray(np.maximum(np.where(top, above, below), rules.number("erba_floor")))
