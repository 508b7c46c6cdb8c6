"""Between a run and the pricing library's market risk: which figures, of which scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pricing.axis import tenor_years
from pricing.risk import backtest, components, concentration, covariance, granularity, levels
from pricing.risk.errors import RiskError
from pricing.risk.parametric import (
    cornish_fisher_var,
    delta_gamma_normal_var,
    delta_normal_var,
)
from pricing.risk.sensitivities import sensitivities
from pricing.risk.tail import TailRisk, tail_risk
from pricing.risk.traffic_light import traffic_light
from pricing.scenarios.parse import parse
from pricing.scenarios.shocks import FxShock, Mode, RateShock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = [
    "BASE",
    "FIGURES",
    "LEVELS_BP",
    "PARAMETRIC",
    "PARTS",
    "Assumption",
    "Concentrated",
    "Figure",
    "History",
    "RiskError",
    "asked",
    "concentrated",
    "factor",
    "figures",
    "history",
    "is_historical",
    "unanswered",
]

BASE = "BASE"
HISTORICAL = "HISTORICAL"
LEVELS_BP = levels.LEVELS_BP

_OWN: Mapping[str, Callable[[TailRisk], Ints]] = {
    "HIST_VAR": lambda tail: tail.var,
    "HIST_ES": lambda tail: tail.es,
    "HIST_ES_AT": lambda tail: tail.es_at,
}
_PARTS: Mapping[str, Callable[[Ints, Ints, TailRisk], Ints]] = {
    "COMPONENT_VAR": components.component_var,
    "COMPONENT_ES": components.component_es,
    "COMPONENT_ES_AT": components.component_es_at,
}
_IS = {
    "HIST_VAR": "-P&L[k-1] of P&L sorted ascending, ties by scenario ordinal",
    "HIST_ES": "-mean(P&L[0..k-1]), rounded once, half to even",
    "HIST_ES_AT": "-mean of the worst n(1-p) scenarios (Acerbi-Tasche), rounded once, half to even",
    "COMPONENT_VAR": "loss in the scenario of rank k of the parent",
    "COMPONENT_ES": "mean loss over the parent's tail, by largest remainder",
    "COMPONENT_ES_AT": "mean loss over the parent's Acerbi-Tasche tail, by largest remainder",
}


PARAMETRIC = ("DELTA_NORMAL_VAR", "DELTA_GAMMA_VAR", "CORNISH_FISHER_VAR")
"""Those that are formed from sensitivities, with the covariance of the historical moves."""

FIGURES = (*_OWN, *PARAMETRIC, *_PARTS)
"""Every figure of nodes."""

PARTS = tuple(_PARTS)
"""Those that say what a child has of its parent's."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One obligor standing for all: probability of default, loss given it, capital, fractions."""

    pd: float
    lgd: float
    capital: float


@dataclass(frozen=True, slots=True)
class Concentrated:
    """Exposures by key, the largest first and no more than were asked for, in quanta."""

    names: int
    total: int
    hhi: float
    effective_names: float
    top_exposure: int
    top_share: float
    keys: tuple[str, ...]
    exposures: tuple[int, ...]
    shares: tuple[float, ...]
    granularity_adjustment: float | None


@dataclass(frozen=True, slots=True)
class History:
    """The historical scenarios of a set in order, and the facts that go with every figure."""

    codes: tuple[str, ...]
    horizon_days: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a node: the row of a node in the vectors, measure, factor, count, method."""

    row: int
    measure: str
    factor: str
    value: int
    method: Mapping[str, Any]


def asked(measures: Sequence[str]) -> tuple[str, ...]:
    """Return the figures of nodes among the measures of a run, with what stands behind a code."""
    return tuple(text for text in measures if text.replace("/", "@").partition("@")[0] in FIGURES)


def is_historical(basis: Mapping[str, Any]) -> bool:
    """Return whether a set was made from a history."""
    return basis.get("kind") == HISTORICAL


def history(basis: Mapping[str, Any], codes: Sequence[str]) -> History | None:
    """Return the historical scenarios of a set that was made from a history, else None.

    `basis` is what the set says of how it was made, `codes` its scenarios in order. RiskError
    OVERLAP_NOT_DECLARED where moves of several days do not say whether they overlap.
    """
    if not is_historical(basis):
        return None
    horizon = int(basis["horizon_days"])
    if horizon > 1 and "overlapping" not in basis:
        raise RiskError(
            "OVERLAP_NOT_DECLARED",
            f"horizon of {horizon} days",
            "the set does not say whether its moves overlap",
        )
    kept = tuple(code for code in codes if code != BASE)
    facts = {
        "demeaned": bool(basis.get("demeaned", False)),
        "horizon_days": horizon,
        "missing_days": str(basis["missing_days"]),
        "n": len(kept),
        "overlapping": bool(basis.get("overlapping", False)),
        "window": [str(basis["from"]), str(basis["to"])],
    }
    return History(kept, horizon, facts)


def factor(level_bp: int, horizon_days: int) -> str:
    """Return the factor of a figure: 99/1D, 97.5/10D."""
    whole, rest = divmod(level_bp, 100)
    text = f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
    return f"{text}/{horizon_days}D"


def unanswered(level_bp: int, scenarios: int) -> str:
    """Return why a level has no figure of this many scenarios, "" where it has one."""
    try:
        levels.rank(scenarios, level_bp)
    except RiskError as error:
        return str(error)
    return ""


def figures(measures: Sequence[str], past: History, pnl: Ints, parents: Ints) -> Iterator[Figure]:
    """Yield the figures of nodes from their P&L, (nodes, scenarios) counts of a quantum.

    `parents` gives the row of each node's parent, -1 where it has none here. A level that the
    number of scenarios does not carry has no figure.
    """
    inner = np.flatnonzero(parents >= 0)
    for level_bp in LEVELS_BP:
        if unanswered(level_bp, len(past.codes)):
            continue
        tail = tail_risk(pnl, level_bp)
        name = factor(level_bp, past.horizon_days)
        shared = {**past.facts, "k": tail.rank, "level_bp": level_bp}
        for code in (code for code in measures if code not in PARAMETRIC):
            if code in _OWN:
                rows = at = list(range(len(pnl)))
                values = _OWN[code](tail).tolist()
            else:
                rows, at = inner.tolist(), parents[inner].tolist()
                values = _PARTS[code](pnl[inner], parents[inner], tail).tolist()
            for row, node, value in zip(rows, at, values, strict=True):
                worst = past.codes[int(tail.scenario_of_rank[node])]
                method = {**shared, "is": _IS[code], "scenario_of_rank": worst}
                yield Figure(row, code, name, value, method)


def concentrated(
    keys: Sequence[str], exposures: Sequence[int], top: int, obligors: Assumption | None
) -> Concentrated:
    """Return the concentration of exposures by key; RiskError where it has no meaning.

    With `obligors` the granularity adjustment is of names that are alike but for their size.
    """
    found = concentration.concentration(keys, np.array(exposures, dtype=np.int64))
    largest, share = found.top(top)
    shown = slice(0, top)
    return Concentrated(
        names=len(found.keys),
        total=found.total,
        hhi=found.hhi,
        effective_names=found.effective_names,
        top_exposure=largest,
        top_share=share,
        keys=found.keys[shown],
        exposures=tuple(found.exposures[shown].tolist()),
        shares=tuple(found.shares[shown].tolist()),
        granularity_adjustment=_adjustment(found.shares, obligors),
    )


def _adjustment(shares: NDArray[np.float64], obligors: Assumption | None) -> float | None:
    if obligors is None:
        return None
    alike = np.ones(len(shares))
    book = granularity.Obligors(
        shares, obligors.pd * alike, obligors.lgd * alike, obligors.capital * alike
    )
    return granularity.granularity_adjustment(book).adjustment


NEEDS: Mapping[str, tuple[str, ...]] = {
    "DELTA_NORMAL_VAR": ("KEY_RATE_DV01",),
    "DELTA_GAMMA_VAR": ("KEY_RATE_DV01", "CONVEXITY_AMOUNT"),
    "CORNISH_FISHER_VAR": ("KEY_RATE_DV01", "CONVEXITY_AMOUNT"),
}
"""The sums that a parametric figure is formed from; FX_DELTA too where there are currencies."""

_LEFT_OUT = "spreads, volatilities and inflation are no factors here"


@dataclass(frozen=True, slots=True)
class Slopes:
    """Sensitivities of nodes in units of the run currency.

    `rates` (nodes, key rates) per bp, DV01-like; `fx` (nodes, currencies) per +1%; `convexity`
    (nodes,) amount x years^2, None where the run has none.
    """

    key_rates: tuple[str, ...]
    rates: NDArray[np.float64]
    currencies: tuple[str, ...]
    fx: NDArray[np.float64]
    convexity: NDArray[np.float64] | None


def factor_moves(
    documents: Sequence[Mapping[str, Any]],
    curves: Mapping[str, str],
    key_rates: Sequence[str],
    currencies: Sequence[str],
) -> NDArray[np.float64]:
    """Return the move of each factor in each scenario but BASE, (scenarios, factors).

    Key rates (USD/5Y) first, absolute, read off the shape of the shocks of the currency's discount
    curve (`curves` by currency) at the tenor; then relative moves of currencies. RiskError
    UNKNOWN_FACTOR where a scenario moves rates by a ratio or FX by a difference.
    """
    rows = []
    for scenario in (parse(document) for document in documents):
        if scenario.code == BASE:
            continue
        rates = [shock for shock in scenario.shocks if isinstance(shock, RateShock)]
        if any(shock.mode is not Mode.ABSOLUTE for shock in rates):
            raise RiskError(
                "UNKNOWN_FACTOR", scenario.code, "moves rates by a ratio: a DV01 knows differences"
            )
        values = [shock for shock in scenario.shocks if isinstance(shock, FxShock)]
        if any(shock.mode is not Mode.RELATIVE for shock in values):
            raise RiskError(
                "UNKNOWN_FACTOR", scenario.code, "moves FX by a difference: a delta knows ratios"
            )
        row = [_rate_move(rates, curves, name) for name in key_rates]
        row += [
            sum(shock.size for shock in values if shock.currency in (currency, "ALL"))
            for currency in currencies
        ]
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(key_rates) + len(currencies))


def _rate_move(rates: Sequence[RateShock], curves: Mapping[str, str], key_rate: str) -> float:
    currency, _, tenor = key_rate.partition("/")
    (years,) = tenor_years([tenor])
    return float(
        sum(
            np.interp(years, shock.tenors, shock.sizes)
            for shock in rates
            if shock.curve in ("", curves.get(currency)) and shock.currency in ("", currency)
        )
    )


def parametric(
    measures: Sequence[str],
    past: History,
    slopes: Slopes,
    moves: NDArray[np.float64],
    exponent: int,
) -> Iterator[Figure]:
    """Yield the parametric figures of nodes as counts of 10**-exponent of the run currency.

    Covariance of `moves` without mean; a node outside the domain of the expansion has none.
    """
    names = [*slopes.key_rates, *slopes.currencies]
    delta = np.concatenate([slopes.rates * -1e4, slopes.fx * 1e2], axis=1)
    spread = covariance.estimated(moves, names, demeaned=False)
    facts = {key: value for key, value in past.facts.items() if key != "k"}
    for level_bp in LEVELS_BP:
        if unanswered(level_bp, len(past.codes)):
            continue
        shared = {**facts, "factors": len(names), "left_out": _LEFT_OUT, "level_bp": level_bp}
        for code in (code for code in measures if code in PARAMETRIC):
            found, what = _parametric(code, slopes, names, delta, spread, level_bp)
            for row, value in enumerate(found.tolist()):
                if np.isfinite(value):
                    count = int(np.rint(value * 10.0**exponent))
                    name = factor(level_bp, past.horizon_days)
                    yield Figure(row, code, name, count, {**shared, "is": what})


def _parametric(
    code: str,
    slopes: Slopes,
    names: Sequence[str],
    delta: NDArray[np.float64],
    spread: covariance.Covariance,
    level_bp: int,
) -> tuple[NDArray[np.float64], str]:
    if code == "DELTA_NORMAL_VAR":
        linear = sensitivities(names, delta)
        return delta_normal_var(linear, spread, level_bp), "-z sqrt(d'Cd), C of moves about zero"
    given = sensitivities(names, delta, _gamma(slopes, len(names)))
    bent = "convexity along the key-rate profile, C of moves about zero"
    if code == "DELTA_GAMMA_VAR":
        return delta_gamma_normal_var(given, spread, level_bp), f"-(k1 + z sqrt(k2)), {bent}"
    return cornish_fisher_var(given, spread, level_bp).var, f"Cornish-Fisher of k1 to k4, {bent}"


def _gamma(slopes: Slopes, factors: int) -> NDArray[np.float64]:
    """Return the second derivatives: the convexity along each node's own key-rate profile.

    The stored convexity is of a parallel move; w w' with weights that sum to 1 gives it back for
    one, and bends others as far as they go with the profile. A node without key rates bends not.
    """
    convexity = np.zeros(len(slopes.rates)) if slopes.convexity is None else slopes.convexity
    whole = slopes.rates.sum(axis=1)
    weights = np.zeros((len(whole), factors))
    np.divide(
        slopes.rates,
        whole[:, None],
        out=weights[:, : slopes.rates.shape[1]],
        where=whole[:, None] != 0,
    )
    return np.asarray(convexity[:, None, None] * weights[:, :, None] * weights[:, None, :])


@dataclass(frozen=True, slots=True)
class Backtested:
    """How often a node lost more than the VaR of the days before it; p-values of the tests."""

    days: int
    hits: tuple[int, ...]
    kupiec: float
    independence: float
    conditional_coverage: float
    zone: str
    multiplier: float | None


def backtested(pnl: Sequence[int], level_bp: int, window: int) -> Backtested:
    """Return the backtest of P&L day by day, each against the VaR of the `window` days before.

    RiskError TOO_FEW_SCENARIOS where a window is too short for the level, or no two days follow.
    """
    levels.rank(window, level_bp)
    if len(pnl) < window + 2:
        raise RiskError(
            "TOO_FEW_SCENARIOS",
            f"window of {window}",
            f"needs {window + 2} scenarios or more, there are {len(pnl)}",
        )
    profits = np.array(pnl, dtype=np.int64)
    past = np.lib.stride_tricks.sliding_window_view(profits, window)[:-1]
    hits = backtest.exceptions(profits[window:], tail_risk(past, level_bp).var)
    count, days = int(hits.sum()), len(hits)
    light = traffic_light(count, days, level_bp)
    return Backtested(
        days=days,
        hits=tuple((np.flatnonzero(hits) + window).tolist()),
        kupiec=backtest.kupiec(count, days, level_bp).p_value,
        independence=backtest.independence(hits).p_value,
        conditional_coverage=backtest.conditional_coverage(hits, level_bp).p_value,
        zone=light.zone,
        multiplier=light.multiplier,
    )
