"""Shares prepaid in market states: speeds that a scenario multiplies, and the S-curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.pricers.loan_speeds import S_CURVE, Ages, prepaid
from pricing.pricers.loan_standing import MOST
from pricing.pricers.placing import Placed
from pricing.pricers.refinancing import projected
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


def multipliers(batch: Batch, rows: IntpArray, states: States, states_of: StateSet) -> FloatArray:
    """Return (rows, states): what the scenarios multiply prepayment speeds by."""
    currency, sector = batch.integers("currency")[rows], batch.integers("sector")[rows]
    key = currency * (2**31) + sector
    _, sample, place = np.unique(key, return_index=True, return_inverse=True)
    names = batch.names
    found = [
        states.state_prepayment(
            names.text(int(currency[at])), names.text(int(sector[at])), states_of
        )
        for at in sample.tolist()
    ]
    return np.array(found).reshape(len(sample), len(states_of))[place]


@dataclass(frozen=True, slots=True)
class StatePrepayment:
    """Shares prepaid by flow and state.

    `constant` (flows, scales) are those of speeds that no rate changes, `scale` (rows, states)
    the place of each state's scale, `multiplier` (rows, states) the scale itself. For the S-curve
    of rows `curved`: `reference` (days, states) are refinancing rates, `day` (flows,) their places,
    `ramp` (flows,) the seasoning, 0 while prepayment is locked out.
    """

    batch: Batch
    rows: IntpArray
    constant: FloatArray
    scale: IntpArray
    multiplier: FloatArray
    curved: npt.NDArray[np.bool_]
    reference: FloatArray
    day: IntpArray
    ramp: FloatArray
    months: FloatArray

    @staticmethod
    def of(
        batch: Batch,
        rows: IntpArray,
        schedule: Schedule,
        placed: Placed,
        ages: Ages,
        due: IntArray,
        states: States,
        states_of: StateSet,
    ) -> StatePrepayment:
        """Return the shares prepaid by loans in states."""
        multiplier = multipliers(batch, rows, states, states_of)
        scales, scale = np.unique(multiplier, return_inverse=True)
        constant = np.stack([prepaid(batch, rows, ages, due, float(s)) for s in scales], axis=1)
        curved = batch.column("prepayment")[rows] == S_CURVE
        reference, day = _references(batch, rows, schedule, placed, curved, states, states_of)
        return StatePrepayment(
            batch, rows, constant, scale.reshape(multiplier.shape), multiplier, curved, reference,
            day, _ramp(batch, rows, ages, due), schedule.months / 12.0,
        )  # fmt: skip

    def at(
        self, flow: IntArray, rows: IntpArray, rate: FloatArray, survived: FloatArray
    ) -> FloatArray:
        """Return (loans, states): shares prepaid at flows of rows that pay `rate`."""
        curved = np.flatnonzero(self.curved[rows])
        if self.constant.shape[1] == 1 and not len(curved):
            return self.constant[flow]
        out = np.take_along_axis(self.constant[flow], self.scale[rows], axis=1)
        if len(curved):
            at, which = flow[curved], rows[curved]

            def column(name: str) -> FloatArray:
                return self.batch.floats(name)[self.rows[which]][:, None]

            incentive = rate[curved] - self.reference.take(self.day[at], axis=0)
            incentive -= column("refinancing_margin") + column("curve_middle")
            low, high = column("curve_low"), column("curve_high")
            # Beyond exp(+-700) the curve is flat to the last bit.
            exponent = np.clip(-column("curve_slope") * incentive, -700.0, 700.0)
            annual = low + (high - low) / (1.0 + np.exp(exponent))
            # NumPy's power takes shortcuts by the shape of its arguments: bits would depend on it.
            left = np.maximum(survived[curved], 1e-300)
            annual *= np.exp(column("burn_out") * np.log(left))
            annual *= self.multiplier[which]
            annual *= self.ramp[at][:, None]
            np.minimum(annual, MOST, out=annual)
            out[curved] = -np.expm1(np.log1p(-annual) * self.months[which][:, None])
        return out


def _ramp(batch: Batch, rows: IntpArray, ages: Ages, due: IntArray) -> FloatArray:
    months = batch.floats("seasoning")[rows][ages.owner]
    age = (ages.payment + 1) * ages.months
    ramp = np.where(months > 0.0, np.minimum(age / np.where(months > 0.0, months, 1.0), 1.0), 1.0)
    ramp[due < batch.integers("lock_out")[rows][ages.owner]] = 0.0
    return ramp


def _references(
    batch: Batch,
    rows: IntpArray,
    schedule: Schedule,
    placed: Placed,
    curved: npt.NDArray[np.bool_],
    states: States,
    states_of: StateSet,
) -> tuple[FloatArray, IntpArray]:
    """Return refinancing rates (days, states) at the starts of periods, each flow's place."""
    place = np.zeros(len(placed.payment), dtype=np.intp)
    tables = [np.zeros((1, len(states_of)))]
    inside = np.flatnonzero(curved[placed.owner])
    begin = schedule.take(placed.owner[inside]).accrual(placed.payment[inside] - 1)
    begin = np.maximum(begin, states.day)
    codes = batch.column("refinancing_index")[rows][placed.owner[inside]]
    count = 1
    for code in np.unique(codes).tolist():
        at = np.flatnonzero(codes == code)
        days, which = np.unique(begin[at], return_inverse=True)
        index = states.market.indices[batch.names.text(int(code))]
        tables.append(projected(index, days, states, states_of))
        place[inside[at]] = count + which
        count += len(days)
    return np.concatenate(tables), place
