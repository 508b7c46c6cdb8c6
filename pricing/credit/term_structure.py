"""Probabilities of default over time from ratings, hazard rates or scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.credit.generator import Generator
from pricing.credit.matrix import places
from pricing.credit.parameters import Parameters, number, refused, several
from pricing.market import reading
from pricing.market.errors import MarketError


@dataclass(frozen=True, slots=True)
class DefaultTerm:
    """Cumulative probabilities of default (positions, times) at times in years."""

    times: FloatArray
    cumulative: FloatArray

    @property
    def marginal(self) -> FloatArray:
        """Return (positions, times): the probability of default within each period, from today."""
        return np.diff(self.cumulative, axis=-1, prepend=0.0)

    @property
    def survival(self) -> FloatArray:
        """Return (positions, times): the probability of no default by the end of each period."""
        return 1.0 - self.cumulative

    @property
    def conditional(self) -> FloatArray:
        """Return the probability within each period given survival to its start; 1 where none."""
        before = 1.0 - np.concatenate(
            [np.zeros_like(self.cumulative[..., :1]), self.cumulative[..., :-1]], axis=-1
        )
        return np.divide(self.marginal, before, out=np.ones_like(before), where=before > 0.0)


def of_ratings(generator: Generator, ratings: Sequence[str], times: npt.ArrayLike) -> DefaultTerm:
    """Return the term of each position by its rating: last column of exp(t x rates)."""
    at = places(generator.states, ratings, "ratings")
    grid = arrays.times(times)
    return DefaultTerm(grid, generator.default_probabilities(grid)[at])


def of_hazards(knots: npt.ArrayLike, hazards: npt.ArrayLike, times: npt.ArrayLike) -> DefaultTerm:
    """Return the term of hazard rates (positions, knots), each constant to its knot in years.

    The last rate stays beyond the last knot: 1 - exp(-integral of the rate).
    """
    ends, rates = arrays.times(knots, "knots"), arrays.amounts(hazards, "hazards")
    grid = arrays.times(times)
    if rates.ndim != 2 or rates.shape[1] != len(ends):
        raise CreditError("SHAPE", "hazards", f"is {rates.shape}, not (positions, {len(ends)})")
    starts = np.concatenate([[0.0], ends[:-1]])
    upper = np.concatenate([ends[:-1], [np.inf]])
    inside = np.clip(np.minimum(grid[:, None], upper) - starts, 0.0, None)
    return DefaultTerm(grid, -np.expm1(-(rates @ inside.T)))


def of_segments(
    parameters: Parameters, segments: Sequence[str], times: npt.ArrayLike
) -> DefaultTerm:
    """Return the term of positions by the hazard rates of their segments in a HAZARDS document.

    `knots` in years and `hazards`, a list a segment; UNKNOWN_NAME where a segment has none.
    """
    place, given = f"parameters.{parameters.name}.values", parameters.values
    knots = several(given, "knots", place, 0.0, 100.0)
    try:
        known = reading.mapping(given.get("hazards"), f"{place}.hazards")
    except MarketError as error:
        raise refused(error) from None
    rates = {name: several(known, name, f"{place}.hazards", 0.0, 100.0) for name in known}
    for name, row in rates.items():
        if len(row) != len(knots):
            raise CreditError("PARAMETERS", f"{place}.hazards.{name}", f"{len(knots)} are expected")
    for i, name in enumerate(segments):
        if name not in rates:
            raise CreditError("UNKNOWN_NAME", f"segments[{i}]", f"{name!r} is not in it")
    return of_hazards(knots, [rates[name] for name in segments], times)


def of_annual(annual: npt.ArrayLike, times: npt.ArrayLike) -> DefaultTerm:
    """Return the term of one-year probabilities (positions,) at a constant hazard rate."""
    yearly, grid = arrays.probabilities(annual, "annual"), arrays.times(times)
    with np.errstate(divide="ignore"):
        rates = np.log1p(-yearly)
    return DefaultTerm(grid, -np.expm1(rates[:, None] * grid))


def of_scores(parameters: Parameters, scores: npt.ArrayLike, times: npt.ArrayLike) -> DefaultTerm:
    """Return the term of scores by the bands of a SCORECARD with `annual_pd`."""
    bands = [_pd_of(band, i, parameters) for i, band in enumerate(_bands(parameters))]
    return of_annual(np.array(bands)[_band_of(parameters, scores)], times)


def ratings_of_scores(parameters: Parameters, scores: npt.ArrayLike) -> tuple[str, ...]:
    """Return the rating of each score by the bands of a SCORECARD with `rating`."""
    place = f"parameters.{parameters.name}.values.bands"
    try:
        names = [
            reading.text(band, "rating", f"{place}[{i}]")
            for i, band in enumerate(_bands(parameters))
        ]
    except MarketError as error:
        raise refused(error) from None
    return tuple(names[i] for i in _band_of(parameters, scores))


def _bands(parameters: Parameters) -> list[Mapping[str, Any]]:
    place = f"parameters.{parameters.name}.values.bands"
    try:
        listed = reading.sequence(parameters.values.get("bands"), place)
        return [reading.mapping(one, f"{place}[{i}]") for i, one in enumerate(listed)]
    except MarketError as error:
        raise refused(error) from None


def _pd_of(band: Mapping[str, Any], index: int, parameters: Parameters) -> float:
    return number(band, "annual_pd", f"parameters.{parameters.name}.values.bands[{index}]", 0, 1)


def _band_of(parameters: Parameters, scores: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return the band of each score: `from` is in it, the next band's `from` is not."""
    place = f"parameters.{parameters.name}.values"
    starts = np.array(
        [
            number(band, "from", f"{place}.bands[{i}]", -1e9, 1e9)
            for i, band in enumerate(_bands(parameters))
        ]
    )
    end = number(parameters.values, "below", place, -1e9, 1e9)
    if not len(starts) or not bool(np.all(np.diff(starts) > 0.0)) or end <= starts[-1]:
        raise CreditError("PARAMETERS", f"{place}.bands", "bands do not ascend to below the end")
    found = arrays.within(scores, "scores", -np.inf)
    outside = np.flatnonzero((found < starts[0]) | (found >= end))
    if len(outside):
        i = int(outside[0])
        raise CreditError(
            "UNKNOWN_NAME",
            f"scores[{i}]",
            f"{found[i]:g} is in no band of {parameters.label}: {starts[0]:g} to below {end:g}",
        )
    return np.searchsorted(starts, found, side="right") - 1
