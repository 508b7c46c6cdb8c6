"""FX_FWD: two flows on one date, each discounted on its currency's curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import calendars
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import Kernel, sequential
from pricing.pricers import carry
from pricing.pricers.assembly import assemble
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.discounting import strips
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.projection import Component, Leg, project
from pricing.products.rows import refusals
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

MATURED = Failure("MATURED", "the forward was settled at the cut")
FIXING_MISSING = Failure(
    "FIXING_MISSING", "state.fixing_rate: the rate of a forward without delivery has been fixed"
)
LEGS = (("bought", "bought_currency", "bought_curve", 1.0), ("sold", "sold_currency", "sold_curve",
        -1.0))  # fmt: skip


class FxForwardPricer:
    """Values FX_FWD."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of FX forwards, in the currency of each position."""
        axis = states.axis
        failures = refusals(batch)
        values = np.zeros((len(batch), len(axis)))
        days = _days(batch, states)
        over = days < 0 if states.inclusive else days <= 0
        refused = batch.column("refusal") != 0
        for row in np.flatnonzero(over & ~refused):
            failures[int(row)] = MATURED
        unknown = _fixed_by_now(batch, states) & (batch.floats("fixing_rate") == 0.0)
        for row in np.flatnonzero(unknown & ~over & ~refused):
            failures[int(row)] = FIXING_MISSING
        alive = ~over & ~refused & ~unknown
        dealt, batch = batch, _with_fixings(batch, states)
        keys = ("currency", "bought_currency", "sold_currency", "bought_curve", "sold_curve")
        sample, group = combine(
            *(batch.column(key) for key in keys), dealt.column("bought_currency"), alive
        )
        dependencies: dict[tuple[str, ...], int] = {(): 0}
        group_dependency = np.zeros(len(sample), dtype=np.int64)
        for number, at in enumerate(sample):
            if not alive[at]:
                continue
            rows = np.flatnonzero(group == number)
            found = _used(batch, int(at), states)
            if isinstance(found, Failure):
                failures.update(dict.fromkeys(rows.tolist(), found))
                continue
            group_dependency[number] = dependencies.setdefault(found, len(dependencies))
            values[rows] = _value_group(batch, rows, days[rows], states)
            _fill_notional(dealt, rows, states, values)
        return assemble(batch, axis, values, failures, group_dependency[group], tuple(dependencies))

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the two flows of a batch of one forward."""
        days = _days(batch, states)
        over = days < 0 if states.inclusive else days <= 0
        if over[0] or isinstance(_used(batch, 0, states), Failure) or refusals(batch):
            return []
        if (_fixed_by_now(batch, states) & (batch.floats("fixing_rate") == 0.0))[0]:
            return []
        batch = _with_fixings(batch, states)
        flows: list[ProjectedFlow] = []
        for side, currency_column, curve_column, sign in LEGS:
            currency = batch.names.text(int(batch.column(currency_column)[0]))
            curve = states.curve_for(currency, batch.names.text(int(batch.column(curve_column)[0])))
            assert curve is not None
            component = Component(side.upper(), days, sign * batch.floats(side))
            flows += project(Leg(currency, curve.name), [component], states, scenario)
        return flows


def _days(batch: Batch, states: States) -> IntArray:
    """Return the days to the adjusted value date, 0 in rows that were refused."""
    refused = batch.column("refusal") != 0
    maturity = np.where(refused, states.day, batch.integers("maturity"))
    paid = calendars.adjust(maturity, batch.integers("calendar"), batch.integers("roll"))
    return paid - states.day


def _used(batch: Batch, row: int, states: States) -> tuple[str, ...] | Failure:
    """Return the names of what a forward depends on, or why it has no value."""
    names = batch.names
    used: list[str] = []
    own = names.text(int(batch.column("currency")[row]))
    currencies = [own]
    for _, currency_column, curve_column, _ in LEGS:
        currency = names.text(int(batch.column(currency_column)[row]))
        named = names.text(int(batch.column(curve_column)[row]))
        curve = states.curve_for(currency, named)
        if curve is None:
            return Failure("UNKNOWN_CURVE", f"the market has no curve {named or 'for ' + currency}")
        if curve.currency != currency:
            return Failure("CURVE_CURRENCY", f"curve {curve.name} is in {curve.currency}")
        used.append(f"curve/{curve.name}")
        if not named:
            used.append(f"discount/{currency}")
        currencies.append(currency)
    for currency in currencies:
        if states.fx_value(currency) is None:
            run = states.axis.run_currency
            return Failure("FX_MISSING", f"the market has no rate from {currency} to {run}")
        used.extend(states.fx_quotes(currency))
    return tuple(dict.fromkeys(used))


def _value_group(batch: Batch, rows: IntpArray, days: IntArray, states: States) -> FloatArray:
    """Return the values of forwards of one pair, position currency and pair of curves."""
    names = batch.names
    at = int(rows[0])
    own = states.fx_value(names.text(int(batch.column("currency")[at])))
    assert own is not None
    out = np.zeros((len(rows), len(states.axis)))
    offsets = np.arange(len(rows) + 1, dtype=np.int32)
    for side, currency_column, curve_column, sign in LEGS:
        currency = names.text(int(batch.column(currency_column)[at]))
        curve = states.curve_for(currency, names.text(int(batch.column(curve_column)[at])))
        value = states.fx_value(currency)
        assert curve is not None
        assert value is not None
        slots = states.grid.slots(days)
        amounts = sign * batch.floats(side)[rows]
        columns = states.column_set(currency, credit=False)
        leg = np.zeros_like(out)
        for strip, runs in strips(columns, value / own):
            table = states.table(curve.name, 0, columns.order[strip])
            # A single flow: the kernel of record values it in every profile.
            local = sequential(amounts, slots, offsets, table)
            for run in runs:
                leg[:, run.cells] += run.of(local)
        carry.grow_cells(leg, curve.name, states)
        out += leg
    return out


def _fill_notional(batch: Batch, rows: IntpArray, states: States, values: FloatArray) -> None:
    """Write the bought amount dealt, in the position's currency at the cell's scenario."""
    names, at = batch.names, int(rows[0])
    own = states.fx_value(names.text(int(batch.column("currency")[at])))
    bought = states.fx_value(names.text(int(batch.column("bought_currency")[at])))
    if own is None or bought is None:
        return
    for place, cell in enumerate(states.axis.cells):
        if cell.measure == "NOTIONAL":
            worth = (bought / own)[states.places[cell.scenario]]
            values[rows, place] = batch.floats("bought")[rows] * worth


def _fixed_by_now(batch: Batch, states: States) -> npt.NDArray[np.bool_]:
    """Return whether the rate of a forward without delivery has to be known."""
    fixing = batch.integers("fixing")
    past = fixing < states.day if states.inclusive else fixing <= states.day
    return np.asarray((batch.integers("settled_side") > 0) & past)


def _with_fixings(batch: Batch, states: States) -> Batch:
    """Return the batch with legs that were fixed as known amounts of the settlement currency."""
    rate = batch.floats("fixing_rate")
    fixing, settled = batch.integers("fixing"), batch.integers("settled_side")
    known = (settled > 0) & (rate > 0.0) & (fixing <= states.day)
    if not known.any():
        return batch
    columns = dict(batch.columns)
    for other, side, place in (("sold", "bought", 1), ("bought", "sold", 2)):
        turned = known & (settled == place)
        amount = batch.floats(other)
        columns[other] = np.where(turned, amount / np.where(rate == 0.0, 1.0, rate), amount)
        for name in ("currency", "curve"):
            own, its = batch.column(f"{other}_{name}"), batch.column(f"{side}_{name}")
            columns[f"{other}_{name}"] = np.where(turned, its, own)
    return Batch(batch.product_type, batch.count, columns, batch.names)


PRICER: Pricer = FxForwardPricer()
