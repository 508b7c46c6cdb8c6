"""What follows from a price at settlement: prices, yields, durations, spreads over the curve.

All are of one position (kind NONE) but DV01_YIELD, and each is of its cell's own scenario: the
price is what the position is worth at settlement in that scenario.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import roots
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.kernel import sequential
from pricing.pricers import debt, discount_paper, own_spread
from pricing.pricers.bond_flows import BondFlows
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Flows
from pricing.pricers.yields import Yielding, restated
from pricing.scenarios.states import States
from pricing.schedule import Schedule
from pricing.yield_conventions import MONEY_MARKET_YEARS, YIELD_CONVENTIONS, Exponents, exponents

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

PRICES = ("DIRTY_PRICE", "CLEAN_PRICE")
COMPOUNDED = {
    "YIELD_SEMI_BOND": 2.0,
    "YIELD_TO_WORST_SEMI_BOND": 2.0,
    "YIELD_ANNUAL": 1.0,
    "YIELD_CONTINUOUS": 0.0,
}
"""Compounding periods a year of the yields that are restated from the convention's own; 0: none."""
DURATIONS = ("MODIFIED_DURATION", "MACAULAY_DURATION", "YIELD_CONVEXITY", "DV01_YIELD")
SPREADS = ("Z_SPREAD", "ASSET_SWAP_SPREAD")
DERIVED = (*COMPOUNDED, "YIELD_SIMPLE", *DURATIONS, *SPREADS, *discount_paper.CODES)
CODES = (*PRICES, *DERIVED)

NOT_SOLVED = Failure("YIELD_NOT_SOLVED", "no yield reproduces the price at settlement")
COLUMNS = 8
"""Scenarios worked on together."""
_SIMPLE = YIELD_CONVENTIONS.index("MONEY_MARKET")
_COMPOUND = YIELD_CONVENTIONS.index("COMPOUND")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a price per 100 refers to, columns (rows,).

    Face and accrued interest at settlement, sign, own spread, days to settlement; `without` are
    the places among the flows of coupons that the bond then trades without.
    """

    face: FloatArray
    sign: FloatArray
    accrued: FloatArray
    spread: FloatArray
    waiting: IntArray
    without: IntArray


def fill(
    batch: Batch,
    schedule: Schedule,
    flows: Flows,
    made: BondFlows,
    found: DebtContext,
    states: States,
    cells: Cells,
    reference: Reference,
) -> None:
    """Write the cells of all measures that follow from a price at settlement."""
    growth = own_spread.to_settlement(reference.spread, found, cells.rows, reference.waiting)
    face = reference.face * reference.sign
    cells.per_hundred(face, reference.accrued * reference.sign, growth)
    codes = DERIVED if not len(reference.without) else CODES
    places = [place for place, cell in enumerate(cells.axis.cells) if cell.measure in codes]
    scenarios = sorted({states.places[cells.axis.cells[place].scenario] for place in places})
    if not scenarios:
        return
    amounts = flows.amounts.copy()
    total = (made.coupons + made.principal)[reference.without]
    principal = made.principal[reference.without]
    amounts[reference.without] *= np.where(total == 0.0, 0.0, principal / _safe(total))
    traded = Flows(amounts, flows.slots, flows.offsets, flows.grid, flows.regular)
    paid = made.coupons + made.principal
    paid[reference.without] = principal
    paid[made.days <= reference.waiting[made.owner]] = 0.0
    paid /= _safe(reference.face)[made.owner]
    part = Quotes(batch, schedule, traded, made, found, states, cells, reference, paid)
    for first in range(0, len(scenarios), COLUMNS):
        strip = scenarios[first : first + COLUMNS]
        price = debt.settled(traded, found, cells.rows, states, strip)
        price *= (growth / _safe(reference.face))[:, None]
        price[reference.face == 0.0] = 0.0
        part.write(strip, price)


def _safe(numbers: FloatArray) -> FloatArray:
    return np.where(numbers == 0.0, 1.0, numbers)


@dataclass(frozen=True, slots=True)
class Quotes:
    """The bonds of some rows with what they pay after settlement, per unit of face."""

    batch: Batch
    schedule: Schedule
    flows: Flows
    made: BondFlows
    found: DebtContext
    states: States
    cells: Cells
    reference: Reference
    paid: FloatArray

    def write(self, scenarios: list[int], price: FloatArray) -> None:
        """Write the cells of scenarios from dirty prices per unit of face (rows, scenarios)."""
        codes = self.states.scenarios
        wanted = {codes[scenario].code: column for column, scenario in enumerate(scenarios)}
        known: dict[str, FloatArray] = {}
        for place, cell in enumerate(self.cells.axis.cells):
            column = wanted.get(cell.scenario)
            if column is None or cell.measure not in CODES:
                continue
            if cell.measure in PRICES:
                self._reprice(place, cell.measure, price[:, column])
                continue
            if cell.measure not in known:
                known.update(self._measured(cell.measure, price, scenarios))
            self.cells.values[self.cells.rows, place] = known[cell.measure][:, column]

    def _reprice(self, place: int, code: str, price: FloatArray) -> None:
        """Write the price of rows that trade without a coupon that is part of their value."""
        at = self.made.owner[self.reference.without]
        accrued = self.reference.accrued[at] / _safe(self.reference.face[at])
        shown = price[at] - (accrued if code == "CLEAN_PRICE" else 0.0)
        shown = np.where(self.reference.face[at] == 0.0, 0.0, shown)
        self.cells.values[self.cells.rows[at], place] = shown * 100.0

    def _measured(
        self, code: str, price: FloatArray, scenarios: list[int]
    ) -> dict[str, FloatArray]:
        if code in COMPOUNDED or code in DURATIONS:
            return self._yields(price)
        if code == "YIELD_SIMPLE":
            simple = np.full(len(price), _SIMPLE)
            return {code: self._solved(self._yielding(simple), price)}
        if code in SPREADS:
            return self._spreads(price, scenarios)
        settlement = self.states.day + self.reference.waiting
        return discount_paper.rates(self.schedule.maturity, settlement, self._money_market(), price)

    def _money_market(self) -> IntArray:
        return self.batch.integers("money_market")[self.cells.rows]

    def _yielding(self, convention: IntArray) -> Yielding:
        found: Exponents = exponents(
            self.schedule,
            convention,
            self._money_market(),
            self.states.day + self.reference.waiting,
            self.made.payment,
            self.made.owner,
        )
        return Yielding(self.paid, self.flows.offsets, found)

    def _solved(self, yielding: Yielding, price: FloatArray) -> FloatArray:
        """Return yields; 0 where nothing is priced: no face, or nothing paid after settlement."""
        rate, solved = yielding.rate(price)
        nothing = (price == 0.0) & (self._remaining() == 0.0)[:, None]
        failed = self.cells.rows[np.flatnonzero(~(solved | nothing).all(axis=1))]
        for row in failed.tolist():
            self.found.failures.setdefault(row, NOT_SOLVED)
        return np.where(nothing, 0.0, rate)

    def _remaining(self) -> FloatArray:
        ones = np.ones((1, 1))
        zeros = np.zeros(len(self.paid), dtype=np.int32)
        return sequential(np.abs(self.paid), zeros, self.flows.offsets, ones)[:, 0]

    def _yields(self, price: FloatArray) -> dict[str, FloatArray]:
        convention = self.batch.integers("yield_convention")[self.cells.rows]
        yielding = self._yielding(convention)
        rate = self._solved(yielding, price)
        modified, macaulay, convexity = yielding.durations(rate)
        amount = price * (self.reference.face * self.reference.sign)[:, None]
        known = {
            "MODIFIED_DURATION": modified,
            "MACAULAY_DURATION": macaulay,
            "YIELD_CONVEXITY": convexity,
            "DV01_YIELD": modified * amount * 1e-4,
        }
        compounded, f = rate, yielding.exponents.f
        simple = convention == _SIMPLE
        if simple.any():
            # A simple yield has no compounding to restate: the bond's own frequency is used.
            other = self._yielding(np.where(simple, _COMPOUND, convention))
            compounded, f = self._solved(other, price), other.exponents.f
        known.update({code: restated(compounded, f, k) for code, k in COMPOUNDED.items()})
        return known

    def _spreads(self, price: FloatArray, scenarios: list[int]) -> dict[str, FloatArray]:
        """Return zero spread and asset-swap spread over the curve of each scenario.

        The swap: par for par at settlement, floating on the bond's coupon dates and balance.
        """
        factors = debt.settled_factors(
            self.flows, self.found, self.cells.rows, self.states, scenarios
        )
        offsets, owner = self.flows.offsets, self.made.owner
        slots = np.arange(len(self.paid), dtype=np.int32)
        waiting = self.made.days - self.reference.waiting[owner]
        years = (waiting / 365.0)[:, None]

        def value(spread: FloatArray) -> tuple[FloatArray, FloatArray]:
            discounted = factors * np.exp(-years * spread[owner])
            slope = -sequential(self.paid, slots, offsets, discounted * years)
            return sequential(self.paid, slots, offsets, discounted), slope

        limit = np.full(price.shape, own_spread.LIMIT)
        spread, solved = roots.decreasing(value, price, -limit, limit, np.zeros(price.shape))
        nothing = (price == 0.0) & (self._remaining() == 0.0)[:, None]
        failed = self.cells.rows[np.flatnonzero(~(solved | nothing).all(axis=1))]
        for row in failed.tolist():
            self.found.failures.setdefault(row, own_spread.NOT_SOLVED)

        begun = np.maximum(np.concatenate([[0], waiting[:-1]]), 0)
        begun[offsets[:-1]] = 0
        year = MONEY_MARKET_YEARS[self._money_market()]
        fraction = np.maximum(waiting - begun, 0) / year[owner]
        notional = self.made.outstanding / _safe(self.reference.face)[owner]
        annuity = sequential(notional * fraction, slots, offsets, factors)
        riskless = sequential(self.paid, slots, offsets, factors)
        swap = np.where(annuity == 0.0, 0.0, (riskless - price) / _safe(annuity))
        return {"Z_SPREAD": np.where(nothing, 0.0, spread), "ASSET_SWAP_SPREAD": swap}
