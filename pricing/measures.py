"""The measures: what each means, how it aggregates, its unit and the quantum it is stored in.

A code is never redefined: a changed definition is a new code. docs/methods/measures.md gives
formulas and sources; a test checks that every code stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pricing.currencies import MINOR_DIGITS


class Kind(StrEnum):
    """How a measure aggregates; any other use is an error."""

    SUM = "SUM"
    RATIO = "RATIO"
    WEIGHTED = "WEIGHTED"
    GROUP = "GROUP"
    NODE = "NODE"
    NONE = "NONE"


class Unit(StrEnum):
    """What a cell counts."""

    AMOUNT = "AMOUNT"
    AMOUNT_PER_BP = "AMOUNT_PER_BP"
    AMOUNT_YEARS = "AMOUNT_YEARS"
    AMOUNT_YEARS2 = "AMOUNT_YEARS2"
    YEARS = "YEARS"
    PRICE = "PRICE"
    RATE = "RATE"


_EXPONENTS = {
    Unit.AMOUNT: 6,
    Unit.AMOUNT_PER_BP: 8,
    Unit.AMOUNT_YEARS: 4,
    Unit.AMOUNT_YEARS2: 2,
    Unit.YEARS: 8,
    Unit.PRICE: 8,
    Unit.RATE: 10,
}
_CURRENCY_UNITS = {Unit.AMOUNT, Unit.AMOUNT_PER_BP, Unit.AMOUNT_YEARS, Unit.AMOUNT_YEARS2}


class Conversion(StrEnum):
    """From which currency a cell's value comes and into which it goes.

    POSITION_CURRENCY: computed in the position's, converted into the run's at the scenario's FX.
    FACTOR: already in the currency its factor names, never converted. NONE: no amount.
    """

    POSITION_CURRENCY = "POSITION_CURRENCY"
    FACTOR = "FACTOR"
    NONE = "NONE"


class FactorKind(StrEnum):
    """Which factors a measure has."""

    NONE = "NONE"
    CURRENCY = "CURRENCY"
    CURRENCY_OR_ALL = "CURRENCY_OR_ALL"
    OTHER_CURRENCY = "OTHER_CURRENCY"
    CURRENCY_TENOR = "CURRENCY_TENOR"
    BUCKET = "BUCKET"
    HORIZON = "HORIZON"
    STEP = "STEP"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure's contract; `products` lists the product types it applies to.

    RATIO and WEIGHTED measures have no cell of their own: the SUM cells `numerator` and
    `denominator` are stored and value = numerator / (denominator x scale) is taken at read time,
    null with a reason where the denominator is not positive. A measure with `parts` is stored as
    their sum: of the rounded cells, so that it ties out to the last digit. NODE measures have no
    cell: they are computed of a node's summed cells once all positions are valued.
    """

    code: str
    kind: Kind
    unit: Unit
    conversion: Conversion
    title: str
    products: frozenset[str]
    factor: FactorKind = FactorKind.NONE
    numerator: str = ""
    denominator: str = ""
    scale: float = 1.0
    parts: tuple[str, ...] = ()

    def quantum(self, currency: str = "") -> int:
        """Return d: the cell is stored as the integer count of 10**-d units.

        Amounts shift with the minor digits of `currency`: two fewer for JPY and the like.
        """
        exponent = _EXPONENTS[self.unit]
        if self.unit in _CURRENCY_UNITS and currency:
            exponent += MINOR_DIGITS[currency] - 2
        return exponent

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the codes of the measures that are stored for this one."""
        if self.kind is Kind.NODE:
            return ()
        if self.kind in (Kind.RATIO, Kind.WEIGHTED):
            return (self.numerator, self.denominator)
        return (*self.parts, self.code)

    def applies(self, product_type: str) -> bool:
        """Return whether the measure means something for the product; its cell is 0 if not."""
        return product_type in self.products


_POOLS = frozenset({"ABS_MBS", "STRUCTURED"})
_FACILITIES = frozenset({"DELAYED_DRAW", "REVOLVER"})
_DEBT = (
    _FACILITIES
    | _POOLS
    | frozenset(
        {
            "AMORT_LOAN",
            "CALLABLE_BOND",
            "FIXED_BOND",
            "FLOATING_NOTE",
            "INFLATION_BOND",
            "ZERO_COUPON",
        }
    )
)
_DERIVATIVES = frozenset({"DERIVATIVE"})
_ACCRUING = _DEBT | _DERIVATIVES
_ALL = _ACCRUING | {"FX_FWD"}
_BONDS = frozenset({"FIXED_BOND", "ZERO_COUPON"})
_LOANS = frozenset({"AMORT_LOAN"})
_YIELDING = _BONDS | _LOANS
_COUPONS = frozenset({"FIXED_BOND"})
_DISCOUNT_PAPER = frozenset({"ZERO_COUPON"})
_FLOATING = frozenset({"FLOATING_NOTE"})
_CALLABLE = frozenset({"CALLABLE_BOND"})
_MBS = frozenset({"ABS_MBS"})
_OPTIONS = _CALLABLE | _DERIVATIVES | _FACILITIES | _LOANS | _MBS | frozenset({"FLOATING_NOTE"})
_INFLATION_LINKED = frozenset({"INFLATION_BOND"})
_CREDIT_DERIVATIVES = _DERIVATIVES
_LOCAL = Conversion.POSITION_CURRENCY

_TABLE = (
    Measure("PV", Kind.SUM, Unit.AMOUNT, _LOCAL, "present value, dirty", _ALL),
    Measure("CLEAN_PV", Kind.SUM, Unit.AMOUNT, _LOCAL, "present value less accrued", _ALL),
    Measure(
        "ACCRUED", Kind.SUM, Unit.AMOUNT, _LOCAL, "interest earned since last due date", _ACCRUING
    ),
    Measure(
        "DV01",
        Kind.SUM,
        Unit.AMOUNT_PER_BP,
        _LOCAL,
        "central difference for 1bp of all zero rates of a currency",
        _ALL,
        FactorKind.CURRENCY_OR_ALL,
    ),
    Measure(
        "KEY_RATE_DV01",
        Kind.SUM,
        Unit.AMOUNT_PER_BP,
        _LOCAL,
        "central difference for 1bp of a triangle of zero rates around a tenor",
        _ALL,
        FactorKind.CURRENCY_TENOR,
    ),
    Measure(
        "CS01", Kind.SUM, Unit.AMOUNT_PER_BP, _LOCAL, "central difference for 1bp of spread", _DEBT
    ),
    Measure(
        "CS25",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "PV at spread - 25bp less PV at spread + 25bp",
        _DEBT,
    ),
    Measure(
        "SPREAD_DURATION",
        Kind.RATIO,
        Unit.YEARS,
        Conversion.NONE,
        "CS01 / (PV x 0.0001)",
        _DEBT,
        numerator="CS01",
        denominator="PV",
        scale=1e-4,
    ),
    Measure(
        "SPREAD_DURATION_25",
        Kind.RATIO,
        Unit.YEARS,
        Conversion.NONE,
        "(PV(-25bp) - PV(+25bp)) / (PV x 0.0050)",
        _DEBT,
        numerator="CS25",
        denominator="PV",
        scale=5e-3,
    ),
    Measure(
        "CONVEXITY_AMOUNT",
        Kind.SUM,
        Unit.AMOUNT_YEARS2,
        _LOCAL,
        "sum of t^2 x PV of flows: second derivative by the zero rate",
        _ALL,
    ),
    Measure(
        "CONVEXITY",
        Kind.RATIO,
        Unit.YEARS,
        Conversion.NONE,
        "CONVEXITY_AMOUNT / PV, years^2",
        _ALL,
        numerator="CONVEXITY_AMOUNT",
        denominator="PV",
    ),
    Measure(
        "DV25",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "PV at zero rates - 25bp less PV at zero rates + 25bp",
        _ALL,
    ),
    Measure(
        "EFFECTIVE_DURATION",
        Kind.RATIO,
        Unit.YEARS,
        Conversion.NONE,
        "(PV(-25bp) - PV(+25bp)) / (PV x 0.0050)",
        _ALL,
        numerator="DV25",
        denominator="PV",
        scale=5e-3,
    ),
    Measure(
        "EFFECTIVE_CONVEXITY",
        Kind.RATIO,
        Unit.YEARS,
        Conversion.NONE,
        "CONVEXITY_AMOUNT / PV, years^2",
        _ALL,
        numerator="CONVEXITY_AMOUNT",
        denominator="PV",
    ),
    Measure(
        "CARRY",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "change of value to a horizon if all forwards are realised",
        _ALL,
        FactorKind.HORIZON,
    ),
    Measure(
        "ROLL_DOWN",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "value at a horizon on curves of unchanged tenors less that on realised forwards",
        _ALL,
        FactorKind.HORIZON,
    ),
    Measure(
        "THETA",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "change of value to a horizon on curves of unchanged tenors: CARRY + ROLL_DOWN",
        _ALL,
        FactorKind.HORIZON,
        parts=("CARRY", "ROLL_DOWN"),
    ),
    Measure(
        "FX_EXPOSURE",
        Kind.SUM,
        Unit.AMOUNT,
        Conversion.FACTOR,
        "present value in the currency",
        _ALL,
        FactorKind.CURRENCY,
    ),
    Measure(
        "FX_DELTA",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "change of PV for +1% value of a currency against the run's",
        _ALL,
        FactorKind.OTHER_CURRENCY,
    ),
    Measure("NOTIONAL", Kind.SUM, Unit.AMOUNT, _LOCAL, "face, balance or bought amount", _ALL),
    Measure("PRINCIPAL", Kind.SUM, Unit.AMOUNT, _LOCAL, "outstanding principal", _DEBT),
    Measure(
        "COMMITMENT",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "our commitment: drawn and undrawn",
        _FACILITIES,
    ),
    Measure(
        "UNDRAWN",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "commitment less outstanding principal",
        _FACILITIES,
    ),
    Measure(
        "EAD",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "drawn, and undrawn x credit conversion factor",
        _FACILITIES,
    ),
    Measure("PAST_DUE", Kind.SUM, Unit.AMOUNT, _LOCAL, "due and unpaid, at face, not in PV", _DEBT),
    Measure(
        "PRINCIPAL_FLOWS",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "principal projected after settlement, scheduled and prepaid",
        _DEBT,
    ),
    Measure(
        "PRINCIPAL_TIME",
        Kind.SUM,
        Unit.AMOUNT_YEARS,
        _LOCAL,
        "projected principal x years from settlement",
        _DEBT,
    ),
    Measure(
        "WAL",
        Kind.RATIO,
        Unit.YEARS,
        Conversion.NONE,
        "weighted average life",
        _DEBT,
        numerator="PRINCIPAL_TIME",
        denominator="PRINCIPAL_FLOWS",
    ),
    Measure(
        "DIRTY_PRICE",
        Kind.NONE,
        Unit.PRICE,
        Conversion.NONE,
        "value at settlement per 100 of current face",
        _DEBT,
    ),
    Measure(
        "CLEAN_PRICE",
        Kind.NONE,
        Unit.PRICE,
        Conversion.NONE,
        "dirty price less accrued at settlement per 100",
        _DEBT,
    ),
    Measure("SPREAD", Kind.NONE, Unit.RATE, Conversion.NONE, "own spread of the position", _DEBT),
    Measure(
        "AMORTISED_COST",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "principal outstanding with unamortised discount, fees and hedge basis",
        _LOANS,
    ),
    Measure(
        "EIR_ANNUAL",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "effective interest rate at recognition, compounded once a year",
        _LOANS,
    ),
    Measure(
        "YIELD_MONTHLY_MORTGAGE",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "yield to maturity of what a loan is projected to pay, compounded monthly",
        _LOANS,
    ),
    Measure(
        "YIELD_SEMI_BOND",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "yield to maturity in the bond's convention, compounded twice a year",
        _YIELDING,
    ),
    Measure(
        "YIELD_TO_WORST_SEMI_BOND",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "lowest yield over the dates the bond may end on, compounded twice a year",
        _BONDS,
    ),
    Measure(
        "YIELD_ANNUAL",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "yield to maturity in the bond's convention, compounded once a year",
        _YIELDING,
    ),
    Measure(
        "YIELD_CONTINUOUS",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "yield to maturity in the bond's convention, compounded continuously",
        _YIELDING,
    ),
    Measure(
        "YIELD_SIMPLE",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "yield at simple interest on the money-market day count",
        _BONDS,
    ),
    Measure(
        "MODIFIED_DURATION",
        Kind.NONE,
        Unit.YEARS,
        Conversion.NONE,
        "-dP/dy / P by the yield of the bond's convention",
        _BONDS,
    ),
    Measure(
        "MACAULAY_DURATION",
        Kind.NONE,
        Unit.YEARS,
        Conversion.NONE,
        "modified duration x (1 + y/f)",
        _BONDS,
    ),
    Measure(
        "YIELD_CONVEXITY",
        Kind.NONE,
        Unit.YEARS,
        Conversion.NONE,
        "d2P/dy2 / P by the yield of the bond's convention, years^2",
        _BONDS,
    ),
    Measure(
        "DV01_YIELD",
        Kind.SUM,
        Unit.AMOUNT_PER_BP,
        _LOCAL,
        "modified duration x dirty value x 1bp",
        _BONDS,
    ),
    Measure(
        "Z_SPREAD",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "constant spread over the curve's zero rates that makes the price",
        _BONDS | _MBS,
    ),
    Measure(
        "ASSET_SWAP_SPREAD",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "spread of a par-par asset swap at the price",
        _COUPONS,
    ),
    Measure(
        "DISCOUNT_MARGIN",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "margin over the index at which the coupons are worth the price",
        _FLOATING,
    ),
    Measure(
        "DISCOUNT_RATE",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "(100 - price) / 100 x year / days",
        _DISCOUNT_PAPER,
    ),
    Measure(
        "INVESTMENT_RATE",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "coupon equivalent yield of a bill",
        _DISCOUNT_PAPER,
    ),
    Measure(
        "YIELD_REAL_SEMI_BOND",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "yield of the payments before indexation, compounded twice a year",
        _INFLATION_LINKED,
    ),
    Measure(
        "INDEX_RATIO",
        Kind.NONE,
        Unit.PRICE,
        Conversion.NONE,
        "reference level of the valuation date over the base level",
        _INFLATION_LINKED,
    ),
    Measure(
        "PAR_RATE",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "fixed rate, spread or premium at which a swap is worth nothing",
        _DERIVATIVES,
    ),
    Measure(
        "OAS",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "constant spread over the curve's zero rates at which the model gives the value",
        _CALLABLE | _MBS,
    ),
    Measure(
        "OPTION_VALUE",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "PV of the promised payments less PV",
        _CALLABLE | _MBS,
    ),
    Measure(
        "OPTION_COST",
        Kind.NONE,
        Unit.RATE,
        Conversion.NONE,
        "z-spread less OAS",
        _MBS,
    ),
    Measure(
        "STANDARD_ERROR",
        Kind.NONE,
        Unit.AMOUNT,
        _LOCAL,
        "standard error of a PV that is a mean over paths",
        _MBS,
    ),
    Measure(
        "VEGA",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "change of PV for +1bp of normal volatility, +1 point of another",
        _OPTIONS,
    ),
    Measure(
        "INFLATION01",
        Kind.SUM,
        Unit.AMOUNT_PER_BP,
        _LOCAL,
        "change of PV for +1bp of zero inflation rates",
        _INFLATION_LINKED,
    ),
    Measure(
        "DV01_PAR",
        Kind.SUM,
        Unit.AMOUNT_PER_BP,
        _LOCAL,
        "central difference for 1bp of all quoted rates of a currency, curves rebuilt",
        _ALL,
        FactorKind.CURRENCY_OR_ALL,
    ),
    Measure(
        "CS01_PAR",
        Kind.SUM,
        Unit.AMOUNT_PER_BP,
        _LOCAL,
        "central difference for 1bp of all CDS spreads, hazard curves rebuilt",
        _CREDIT_DERIVATIVES,
    ),
    Measure(
        "HIST_VAR",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "loss of a node in the scenario of rank k of a historical set",
        _ALL,
    ),
    Measure(
        "HIST_ES",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "mean loss of a node over the k worst scenarios of a historical set",
        _ALL,
    ),
    Measure(
        "HIST_ES_AT",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "mean loss over exactly the worst n(1 - p) scenarios",
        _ALL,
    ),
    Measure(
        "COMPONENT_VAR",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "a node's part of its parent's HIST_VAR; siblings sum to it",
        _ALL,
    ),
    Measure(
        "COMPONENT_ES",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "a node's part of its parent's HIST_ES; siblings sum to it",
        _ALL,
    ),
    Measure(
        "DELTA_NORMAL_VAR",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "VaR from stored sensitivities and the covariance of a historical set's moves",
        _ALL,
    ),
    Measure(
        "DELTA_GAMMA_VAR",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "the same with convexity, from the first two cumulants",
        _ALL,
    ),
    Measure(
        "CORNISH_FISHER_VAR",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "the same from four cumulants, by the Cornish-Fisher expansion",
        _ALL,
    ),
    Measure(
        "COMPONENT_ES_AT",
        Kind.NODE,
        Unit.AMOUNT,
        _LOCAL,
        "a node's part of its parent's HIST_ES_AT; siblings sum to it",
        _ALL,
    ),
    Measure(
        "LADDER_CONTRACTUAL",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "principal by bucket as the contract repays it: no prepayment, default or drawing",
        _DEBT - frozenset({"STRUCTURED"}),
        FactorKind.BUCKET,
    ),
    Measure(
        "LADDER_PRINCIPAL",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "principal by bucket as projected: scheduled, prepaid and recovered, less drawings",
        _DEBT,
        FactorKind.BUCKET,
    ),
    Measure(
        "LADDER_INTEREST",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "interest, fees, penalties, premiums and indexation by bucket as projected",
        _DEBT,
        FactorKind.BUCKET,
    ),
    Measure(
        "LADDER_DRAWS",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "drawings by bucket as projected, already taken off LADDER_PRINCIPAL",
        _FACILITIES,
        FactorKind.BUCKET,
    ),
    Measure(
        "LADDER_OUTFLOWS",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "what the bank pays by bucket: drawings of assets, flows of liabilities",
        _DEBT,
        FactorKind.BUCKET,
    ),
    Measure(
        "LADDER_TIME",
        Kind.SUM,
        Unit.AMOUNT_YEARS,
        _LOCAL,
        "flows by bucket x years from the valuation date, Act/365F",
        _DEBT,
        FactorKind.BUCKET,
    ),
    Measure(
        "BRIDGE_VALUE",
        Kind.SUM,
        Unit.AMOUNT,
        _LOCAL,
        "value of projected flows after a step of the duration bridge",
        _DEBT - _CALLABLE,
        FactorKind.STEP,
    ),
    Measure(
        "BRIDGE_TIME",
        Kind.SUM,
        Unit.AMOUNT_YEARS,
        _LOCAL,
        "value x years of projected flows after a step of the duration bridge",
        _DEBT - _CALLABLE,
        FactorKind.STEP,
    ),
)

MEASURES = MappingProxyType({measure.code: measure for measure in _TABLE})
"""Every measure by its code."""

SUMMING_TO_PRINCIPAL = ("LADDER_CONTRACTUAL", "LADDER_PRINCIPAL")
"""Ladders whose buckets sum to PRINCIPAL exactly, NOT_PROJECTED being one of them."""

LADDER_MEASURES = (
    *SUMMING_TO_PRINCIPAL,
    "LADDER_INTEREST",
    "LADDER_DRAWS",
    "LADDER_OUTFLOWS",
    "LADDER_TIME",
)
BRIDGE_MEASURES = ("BRIDGE_VALUE", "BRIDGE_TIME")

DEFAULT_MEASURES = (
    "PV",
    "CLEAN_PV",
    "ACCRUED",
    "DV01",
    "KEY_RATE_DV01",
    "CS01",
    "SPREAD_DURATION",
    "FX_EXPOSURE",
    "FX_DELTA",
    "NOTIONAL",
    "PRINCIPAL",
    "WAL",
)
"""What a run values when nothing is asked for."""


class UnknownMeasure(KeyError):
    """The code names no measure."""


def measure(code: str) -> Measure:
    """Return the measure of a code."""
    try:
        return MEASURES[code]
    except KeyError:
        raise UnknownMeasure(code) from None
