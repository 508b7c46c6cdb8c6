"""The Basel zones of a backtest and the multipliers that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from scipy.stats import binom

from pricing.risk import levels
from pricing.risk.errors import RiskError

DAYS = 250
LEVEL_BP = 9_900
MULTIPLIERS = MappingProxyType(
    {
        "BCBS_MAR": (1.50, 1.50, 1.50, 1.50, 1.50, 1.70, 1.76, 1.83, 1.88, 1.92, 2.00),
        "BCBS_1996": (3.00, 3.00, 3.00, 3.00, 3.00, 3.40, 3.50, 3.65, 3.75, 3.85, 4.00),
    }
)
"""By number of exceptions in 250 days at 99%, the last for ten and more. BCBS_MAR: Basel
Framework, MAR32 (backtesting of the bank's VaR) with the multiplier of MAR33; BCBS_1996:
*Supervisory framework for the use of "backtesting"*, January 1996, table 2, plus factors on 3."""


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """Zone, probability of this many exceptions or fewer from a right model, and multiplier."""

    zone: str
    cumulative: float
    multiplier: float | None
    rulebook: str


def traffic_light(
    hits: int, days: int = DAYS, level_bp: int = LEVEL_BP, *, rulebook: str = "BCBS_MAR"
) -> TrafficLight:
    """Return the zone of a number of exceptions, and its multiplier where the rule has one.

    GREEN below 95% of the cumulative binomial probability, YELLOW from there, RED from 99.99%
    (1996 framework, section III). The multiplier is a rule for 250 days at 99% and None for any
    other sample.
    """
    if rulebook not in MULTIPLIERS:
        raise RiskError("OUT_OF_RANGE", "rulebook", f"is one of {', '.join(MULTIPLIERS)}")
    if not 0 < level_bp < levels.ONE_BP:
        raise RiskError("OUT_OF_RANGE", f"level {level_bp}bp", "is not between 0 and 10000")
    if days < 1 or not 0 <= hits <= days:
        raise RiskError("OUT_OF_RANGE", "exceptions", f"{hits} of {days} days")
    cumulative = float(binom.cdf(hits, days, levels.tail_probability(level_bp)))
    zone = "GREEN" if cumulative < 0.95 else "YELLOW" if cumulative < 0.9999 else "RED"
    row = MULTIPLIERS[rulebook]
    ruled = (days, level_bp) == (DAYS, LEVEL_BP)
    return TrafficLight(zone, cumulative, row[min(hits, 10)] if ruled else None, rulebook)
