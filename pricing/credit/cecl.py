"""The allowance by discounted cash flow at the effective rate, and what replaces it.

ASC 326-20 paragraphs are cited from memory of the Codification; the wording is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray, IntArray
from pricing.credit.errors import CreditError


@dataclass(frozen=True, slots=True)
class Schedule:
    """Contractual flows (positions, periods) at times in years: principal and interest, in money.

    `balance` is what is owed at the start of each period.
    """

    times: FloatArray
    principal: FloatArray
    interest: FloatArray
    balance: FloatArray


def schedule(times: npt.ArrayLike, principal: npt.ArrayLike, interest: npt.ArrayLike) -> Schedule:
    """Return the schedule of flows after expected prepayment; balances from the principal."""
    grid, repaid = arrays.times(times), arrays.amounts(principal, "principal")
    paid = arrays.amounts(interest, "interest")
    if repaid.ndim != 2 or repaid.shape[1] != len(grid) or paid.shape != repaid.shape:
        raise CreditError("SHAPE", "principal", f"is {repaid.shape}, interest {paid.shape}")
    return Schedule(grid, repaid, paid, np.cumsum(repaid[:, ::-1], axis=1)[:, ::-1])


def expected_flows(
    flows: Schedule, cumulative: npt.ArrayLike, lgd: npt.ArrayLike, lag: int = 0
) -> FloatArray:
    """Return (..., positions, periods + lag): what survivors pay, and what defaults bring.

    A default in a period pays nothing in it and recovers (1 - LGD) x balance at its start, `lag`
    periods later. `cumulative` PD is (..., positions, periods): leading axes are scenarios.
    """
    probability, severity = (
        arrays.probabilities(cumulative, "cumulative"),
        arrays.probabilities(lgd, "lgd"),
    )
    if probability.shape[-2:] != flows.principal.shape or lag < 0:
        raise CreditError(
            "SHAPE", "cumulative", f"is {probability.shape} beside {flows.principal.shape}"
        )
    if severity.shape != flows.principal.shape[:1]:
        raise CreditError("SHAPE", "lgd", f"is {severity.shape}, not one a position")
    marginal = arrays.marginal(probability)
    none = [(0, 0)] * (probability.ndim - 1)
    paid = np.pad((1.0 - probability) * (flows.principal + flows.interest), [*none, (0, lag)])
    recovered = marginal * (1.0 - severity[:, None]) * flows.balance
    return np.asarray(paid + np.pad(recovered, [*none, (lag, 0)]))


def present_value(flows: npt.ArrayLike, times: npt.ArrayLike, rate: npt.ArrayLike) -> FloatArray:
    """Return sum of flow / (1 + rate)^t of each position; rates (positions,) effective annual."""
    grid, found = arrays.times(times), arrays.within(flows, "flows", -np.inf)
    yearly = arrays.within(rate, "rate", -0.999)
    if found.ndim < 2 or found.shape[-1] != len(grid) or found.shape[-2] != len(yearly):
        raise CreditError("SHAPE", "flows", f"is {found.shape}: {len(yearly)} rates, {len(grid)}")
    return np.asarray((found * (1.0 + yearly[:, None]) ** -grid).sum(axis=-1))


def dcf_allowance(
    amortised_cost: npt.ArrayLike, flows: npt.ArrayLike, times: npt.ArrayLike, eir: npt.ArrayLike
) -> FloatArray:
    """Return amortised cost - present value of expected flows at the effective interest rate.

    ASC 326-20-30-4. (..., positions): an allowance per scenario, which weights apply to. It is not
    floored: below 0 where the flows are worth more than the cost.
    """
    cost = arrays.amounts(amortised_cost, "amortised_cost")
    return np.asarray(cost - present_value(flows, times, eir))


def collateral_dependent(
    amortised_cost: npt.ArrayLike, fair_value: npt.ArrayLike, costs_to_sell: npt.ArrayLike
) -> FloatArray:
    """Return amortised cost - (fair value of collateral - costs to sell), not below 0.

    ASC 326-20-35-4 and 35-5: foreclosure probable, or repayment expected from the collateral. Costs
    to sell are 0 where it is to be operated, not sold.
    """
    cost = arrays.amounts(amortised_cost, "amortised_cost")
    value = arrays.amounts(fair_value, "fair_value")
    selling = arrays.amounts(costs_to_sell, "costs_to_sell")
    return np.maximum(cost - (value - selling), 0.0)


def gross_up(purchase_price: npt.ArrayLike, allowance: npt.ArrayLike) -> FloatArray:
    """Return the amortised cost of purchased loans with credit deterioration: price + allowance.

    ASC 326-20-30-13; the allowance comes in without provision. ASU 2025-08 does the same for
    seasoned loans.
    """
    return arrays.amounts(purchase_price, "purchase_price") + arrays.amounts(allowance, "allowance")


def charge_offs_by_vintage(
    origination_year: npt.ArrayLike, charge_offs: npt.ArrayLike, year: int
) -> dict[str, int]:
    """Return gross charge-offs of a year by year of origination: five years, then `PRIOR`.

    ASC 326-20-50-6 (ASU 2022-02): the year and the four before it. Counts of a quantum; the sum is
    the charge-offs given.
    """
    born = arrays.integers(origination_year, "origination_year")
    gross: IntArray = arrays.integers(charge_offs, "charge_offs")
    if born.shape != gross.shape or born.max() > year or gross.min() < 0:
        raise CreditError("OUT_OF_RANGE", "charge_offs", f"negative, or lent after {year}")
    rows = {str(one): int(gross[born == one].sum()) for one in range(year, year - 5, -1)}
    return {**rows, "PRIOR": int(gross[born <= year - 5].sum())}
