"""Stages of IFRS 9: twelve months of expected loss, or a lifetime of it.

Paragraphs of IFRS 9 are cited from memory; thresholds come from a document.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import BoolArray, FloatArray, IntArray
from pricing.credit.errors import CreditError
from pricing.credit.expected_loss import ExpectedLoss
from pricing.credit.parameters import Parameters, number


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When risk has risen significantly, and when a loan is in default.

    `pd_ratio` and `pd_rise` (both must be passed) compare lifetime PD with that at recognition;
    `low_risk_pd` is the one-year PD below which no rise counts (5.5.10).
    """

    label: str
    pd_ratio: float
    pd_rise: float
    low_risk_pd: float
    stage_two_days: float
    stage_three_days: float


def read(parameters: Parameters) -> Thresholds:
    """Return the thresholds of a STAGING document."""
    place, given = f"parameters.{parameters.name}.values", parameters.values
    found = Thresholds(
        parameters.label,
        number(given, "pd_ratio", place, 1.0, 1e6),
        number(given, "pd_rise", place, 0.0, 1.0),
        number(given, "low_risk_pd", place, 0.0, 1.0),
        number(given, "stage_two_days", place, 0, 1000),
        number(given, "stage_three_days", place, 0, 1000),
    )
    if found.stage_three_days <= found.stage_two_days:
        raise CreditError("PARAMETERS", f"{place}.stage_three_days", "is not after stage two")
    return found


def stages(
    thresholds: Thresholds,
    *,
    lifetime_pd: npt.ArrayLike,
    lifetime_pd_at_recognition: npt.ArrayLike,
    annual_pd: npt.ArrayLike,
    days_past_due: npt.ArrayLike,
    impaired: npt.ArrayLike,
) -> IntArray:
    """Return 1, 2 or 3 for each position.

    3: credit-impaired, or past due beyond the limit (B5.5.37: 90 days). 2: past due beyond the
    limit (5.5.11: 30 days), or lifetime PD risen by both thresholds and not of low risk.
    """
    now = arrays.probabilities(lifetime_pd, "lifetime_pd")
    then = arrays.probabilities(lifetime_pd_at_recognition, "lifetime_pd_at_recognition")
    yearly = arrays.probabilities(annual_pd, "annual_pd")
    late = arrays.amounts(days_past_due, "days_past_due")
    bad: BoolArray = np.asarray(impaired, dtype=np.bool_)
    if len({one.shape for one in (now, then, yearly, late, bad)}) > 1:
        raise CreditError("SHAPE", "lifetime_pd", "fields of the positions differ in length")
    risen = (now >= thresholds.pd_ratio * then) & (now - then >= thresholds.pd_rise)
    second = (late > thresholds.stage_two_days) | (risen & (yearly >= thresholds.low_risk_pd))
    third = bad | (late > thresholds.stage_three_days)
    return np.where(third, 3, np.where(second, 2, 1)).astype(np.int64)


def staged_loss(stage: IntArray, loss: ExpectedLoss) -> FloatArray:
    """Return twelve months of loss in stage 1, the lifetime in 2 and 3 (5.5.3, 5.5.5)."""
    return np.where(stage == 1, loss.twelve_months, loss.lifetime)
