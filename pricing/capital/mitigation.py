"""Credit risk mitigation of BCBS CRE22: collateral, simple and comprehensive, and guarantees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.capital.arrays import FloatArray, within
from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Bands, Rulebook

LARGEST = float(np.finfo(np.float64).max)


def simple(
    rules: Rulebook,
    amount: npt.ArrayLike,
    weight: npt.ArrayLike,
    collateral: npt.ArrayLike,
    collateral_weight: npt.ArrayLike,
    *,
    below_floor: npt.ArrayLike = False,
) -> FloatArray:
    """Return risk-weighted amounts where collateral's weight stands for the part it covers.

    The substituted weight is floored, but for what `below_floor` marks (CRE22.36 to CRE22.39).
    """
    exposure, own = within(amount, "amount", 0.0, LARGEST), within(weight, "weight", 0.0, 12.5)
    secured = np.minimum(exposure, within(collateral, "collateral", 0.0, LARGEST))
    floor = np.where(np.asarray(below_floor, dtype=bool), 0.0, rules.number("crm_simple_floor"))
    given = np.maximum(within(collateral_weight, "collateral_weight", 0.0, 12.5), floor)
    # Protection that weighs more than the borrower is not taken.
    return np.asarray(secured * np.minimum(given, own) + (exposure - secured) * own)


def haircut(
    rules: Rulebook, kind: str, maturity: npt.ArrayLike, *, holding_days: int | None = None,
    revaluation_days: int = 1,
) -> FloatArray:  # fmt: skip
    """Return the supervisory haircut of a kind of collateral of residual maturity in years.

    Scaled by sqrt((N + T - 1) / 10) of revaluation every N and a holding period of T days.
    """
    name = f"haircut_{kind}"
    years = within(maturity, f"{kind}.maturity", 0.0, 1_000.0)
    banded = isinstance(rules.figure(name).value, Bands)
    base = rules.bands(name).at(years) if banded else np.full_like(years, rules.number(name))
    basis = rules.number("holding_days")
    days = basis if holding_days is None else float(holding_days)
    if days <= 0 or revaluation_days < 1:
        raise CapitalError("OUT_OF_RANGE", "holding_days", "periods are of a day or more")
    return np.asarray(np.minimum(base * np.sqrt((revaluation_days + days - 1.0) / basis), 1.0))


def comprehensive(
    amount: npt.ArrayLike,
    collateral: npt.ArrayLike,
    *,
    exposure_haircut: npt.ArrayLike = 0.0,
    collateral_haircut: npt.ArrayLike,
    fx_haircut: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Return E* = max(0, E (1 + He) - C (1 - Hc - Hfx)), the exposure after collateral."""
    exposure = within(amount, "amount", 0.0, LARGEST)
    value = within(collateral, "collateral", 0.0, LARGEST)
    up = within(exposure_haircut, "exposure_haircut", 0.0, 1.0)
    kept = 1.0 - within(collateral_haircut, "collateral_haircut", 0.0, 1.0)
    kept = kept - within(fx_haircut, "fx_haircut", 0.0, 1.0)
    return np.asarray(np.maximum(0.0, exposure * (1.0 + up) - value * np.maximum(kept, 0.0)))


def after_mismatch(
    rules: Rulebook,
    protection: npt.ArrayLike,
    *,
    residual: npt.ArrayLike,
    exposure_maturity: npt.ArrayLike,
    original: npt.ArrayLike,
) -> FloatArray:
    """Return protection P (t - 0.25) / (T - 0.25) where it ends before the exposure, in years.

    None where less than three months are left, or where it was given for less than a year.
    """
    held = rules.numbers("maturity_mismatch")
    value = within(protection, "protection", 0.0, LARGEST)
    ends = within(exposure_maturity, "exposure_maturity", 0.0, 1_000.0)
    left = within(residual, "residual", 0.0, 1_000.0)
    given = within(original, "original", 0.0, 1_000.0)
    horizon = np.minimum(ends, held["cap"])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (np.minimum(left, horizon) - held["low"]) / (horizon - held["low"])
    useless = (left < held["low"]) | (given < held["least_original"])
    return np.asarray(value * np.where(left >= ends, 1.0, np.where(useless, 0.0, share)))


def guaranteed(
    rules: Rulebook,
    amount: npt.ArrayLike,
    guarantee: npt.ArrayLike,
    *,
    other_currency: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Return the amount that takes the guarantor's weight, and the rest; in parts of two classes.

    A guarantee in another currency counts for less: G (1 - Hfx), CRE22.81.
    """
    exposure = within(amount, "amount", 0.0, LARGEST)
    value = within(guarantee, "guarantee", 0.0, LARGEST)
    cut = np.where(np.asarray(other_currency, dtype=bool), rules.number("haircut_fx"), 0.0)
    covered = np.minimum(exposure, value * (1.0 - cut))
    return np.asarray(covered), np.asarray(exposure - covered)
