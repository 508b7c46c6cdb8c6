"""Quotes as QuantLib's rate helpers, each with the live quote and what a par move of it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import QuantLib as ql

from pricing.calendars import CALENDARS
from pricing.market import reading
from pricing.market.bootstrap import futures_convexity
from pricing.market.bootstrap.conventions import Reader, day_count, ql_index
from pricing.market.errors import MarketError
from pricing.market.indices import Index, IndexKind

RATE, SPREAD, PRICE = (-0.5, 1.0), (-0.2, 0.2), (1.0, 400.0)
"""What a quote must lie in: rates and spreads decimal, prices per 100."""


class Surroundings(Protocol):
    """What a quote may refer to: indices, the handles of curves, spot FX."""

    @property
    def name(self) -> str:
        """The curve that is built."""

    @property
    def currency(self) -> str:
        """Its currency."""

    @property
    def discounting(self) -> Any:
        """The handle of the discount curve, empty where the curve discounts itself."""

    def index(self, name: str, place: str) -> Index:
        """Return an index."""

    def handle(self, curve: str, place: str) -> Any:
        """Return the handle of another curve."""

    def spot(self, base: str, quote: str, place: str) -> float:
        """Return the value of one unit of base in quote."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A helper and its live quote.

    `label` is what people call it. `par` says whether the quote is a rate: it moves in a par
    shift, spreads over other curves and FX are held. `unit` is the move of the live quote for a
    unit move of the quoted rate, spread or FX rate.
    """

    label: str
    helper: Any
    quote: Any
    par: bool = True
    unit: float = 1.0


def instrument(
    item: object, conventions: Mapping[str, Any], around: Surroundings, place: str
) -> Instrument:
    """Return the instrument of a quote; a MarketError names the place of what is wrong."""
    source = reading.mapping(item, place)
    kind = reading.choice(source, "kind", tuple(_KINDS), place)
    build, known = _KINDS[kind]
    reading.only(source, {"kind", *known}, place)
    defaults = reading.mapping(conventions.get(kind, {}), f"{around.name}.conventions.{kind}")
    reading.only(defaults, known, f"{around.name}.conventions.{kind}")
    label = f"{kind} {source.get('tenor') or source.get('start') or source.get('maturity')}"
    return build(Reader(source, defaults, f"{place} ({label})"), around, label)


def _live(value: float) -> tuple[Any, Any]:
    quote = ql.SimpleQuote(value)
    return quote, ql.QuoteHandle(quote)


def _own(read: Reader, around: Surroundings, *kinds: IndexKind) -> Index:
    """Return the quote's index, which must be projected from the curve that is built."""
    index = around.index(read.text("index"), f"{read.place}.index")
    if index.kind not in kinds:
        raise MarketError(f"{read.place}.index", f"{index.name} is of kind {index.kind}")
    if index.curve != around.name:
        raise MarketError(f"{read.place}.index", f"{index.name} is projected from {index.curve}")
    return index


def _other(read: Reader, around: Surroundings) -> tuple[Index, Any]:
    index = around.index(read.text("against"), f"{read.place}.against")
    if index.curve == around.name:
        raise MarketError(f"{read.place}.against", f"{index.name} is of the same curve")
    return index, ql_index(index, around.handle(index.curve, f"{read.place}.against"))


def _deposit(read: Reader, around: Surroundings, label: str) -> Instrument:
    quote, handle = _live(read.number("rate", *RATE))
    helper = ql.DepositRateHelper(
        handle,
        read.period(),
        read.days("settlement_days", 2),
        read.calendar("WEEKENDS"),
        read.roll(),
        False,
        day_count(read.day_count()),
    )
    return Instrument(label, helper, quote)


def _fra(read: Reader, around: Surroundings, label: str) -> Instrument:
    index = _own(read, around, IndexKind.TERM)
    quote, handle = _live(read.number("rate", *RATE))
    start = read.period("start")
    return Instrument(label, ql.FraRateHelper(handle, start, ql_index(index, _nothing())), quote)


def _futures(read: Reader, around: Surroundings, label: str) -> Instrument:
    """A contract on a term rate, or on the compounded overnight rate of [start, end).

    The forward rate is (100 - price) / 100 less `convexity`, which is given or of `hull_white`.
    """
    index = _own(read, around, IndexKind.TERM, IndexKind.OVERNIGHT)
    price = read.number("price", *PRICE)
    quote, handle = _live(price)
    start = read.date("start")
    if start < ql.Settings.instance().evaluationDate:
        raise MarketError(f"{read.place}.start", "the contract's period has begun")
    own = ql_index(index, _nothing())
    overnight = index.kind is IndexKind.OVERNIGHT
    end = read.date("end") if overnight else own.maturityDate(start)
    _, convexity = _live(_convexity(read, price, start, end, overnight=overnight))
    if overnight:
        helper = ql.OvernightIndexFutureRateHelper(handle, start, end, own, convexity)
    else:
        helper = ql.FuturesRateHelper(handle, start, own, convexity, ql.Futures.Custom)
    return Instrument(label, helper, quote, unit=-100.0)


def _convexity(read: Reader, price: float, start: Any, end: Any, *, overnight: bool) -> float:
    """Return by how much the futures rate is above the forward rate."""
    model = read.source.get("hull_white")
    if model is None:
        return read.number("convexity", -0.05, 0.05, "0")
    place = f"{read.place}.hull_white"
    if "convexity" in read.source:
        raise MarketError(place, "a convexity is given too")
    source = reading.mapping(model, place)
    reading.only(source, {"mean_reversion", "sigma"}, place)
    reversion = reading.number(source.get("mean_reversion"), f"{place}.mean_reversion", 0.0, 2.0)
    sigma = reading.number(source.get("sigma"), f"{place}.sigma", 0.0, 0.2)
    if end <= start:
        raise MarketError(f"{read.place}.end", "the contract's period ends before it begins")
    today = ql.Settings.instance().evaluationDate
    times = (start - today) / 365.0, (end - today) / 365.0
    of = futures_convexity.of_overnight_rate if overnight else futures_convexity.of_term_rate
    return of(price, *times, reversion, sigma)


def _ois(read: Reader, around: Surroundings, label: str) -> Instrument:
    index = _own(read, around, IndexKind.OVERNIGHT)
    quote, handle = _live(read.number("rate", *RATE))
    closed = read.calendar(CALENDARS[index.calendar])
    helper = ql.OISRateHelper(
        read.days("settlement_days", 2),
        read.period(),
        handle,
        ql_index(index, _nothing()),
        around.discounting,
        telescopicValueDates=True,
        paymentLag=read.days("payment_lag_days", 0),
        paymentConvention=read.roll("FOLLOWING"),
        paymentFrequency=read.frequency("months", 12),
        paymentCalendar=closed,
    )
    return Instrument(label, helper, quote)


def _swap(read: Reader, around: Surroundings, label: str) -> Instrument:
    index = _own(read, around, IndexKind.TERM)
    quote, handle = _live(read.number("rate", *RATE))
    helper = ql.SwapRateHelper(
        handle,
        read.period(),
        read.calendar(CALENDARS[index.calendar]),
        read.frequency("months", 12),
        read.roll(),
        day_count(read.day_count("30/360")),
        ql_index(index, _nothing()),
        ql.QuoteHandle(),
        ql.Period(0, ql.Days),
        around.discounting,
        read.days("settlement_days", index.fixing_lag_days),
    )
    return Instrument(label, helper, quote)


def _basis(read: Reader, around: Surroundings, label: str) -> Instrument:
    """The curve's index against another one's; the spread is on its leg, or AGAINST's."""
    index = _own(read, around, IndexKind.TERM, IndexKind.OVERNIGHT)
    other, known = _other(read, around)
    quote, handle = _live(read.number("spread", *SPREAD))
    spread_on = reading.choice(read.source, "spread_on", ("INDEX", "AGAINST"), read.place, "INDEX")
    own = ql_index(index, _nothing())
    settlement = read.days("settlement_days", 2)
    closed, convention = read.calendar(CALENDARS[index.calendar]), read.roll()
    kinds = {index.kind, other.kind}
    if kinds == {IndexKind.TERM}:
        first, second = (own, known) if spread_on == "INDEX" else (known, own)
        helper = ql.IborIborBasisSwapRateHelper(
            handle, read.period(), settlement, closed, convention, False, first, second,
            around.discounting, spread_on == "INDEX",
        )  # fmt: skip
    elif kinds == {IndexKind.TERM, IndexKind.OVERNIGHT}:
        overnight = index.kind is IndexKind.OVERNIGHT
        helper = ql.OvernightIborBasisSwapRateHelper(
            handle, read.period(), settlement, closed, convention, False,
            own if overnight else known, known if overnight else own,
            around.discounting, overnight,
            basisOnIborLeg=(spread_on == "INDEX") != overnight, telescopicValueDates=False,
        )  # fmt: skip
    else:
        raise MarketError(f"{read.place}.against", f"{index.name} and {other.name} make no basis")
    return Instrument(label, helper, quote, par=False)


def _cross_currency(read: Reader, around: Surroundings, label: str) -> Instrument:
    """A basis swap of two currencies' floating rates, collateralised in the other one."""
    names = read.text("index"), read.text("against")
    indices = [
        around.index(name, f"{read.place}.{key}")
        for name, key in zip(names, ("index", "against"), strict=True)
    ]
    if indices[0].currency != around.currency or indices[1].currency == around.currency:
        raise MarketError(
            f"{read.place}.against", "the indices are not of this and another currency"
        )
    own, other = (ql_index(index, around.handle(index.curve, read.place)) for index in indices)
    quote, handle = _live(read.number("spread", *SPREAD))
    spread_on = reading.choice(read.source, "spread_on", ("INDEX", "AGAINST"), read.place, "INDEX")
    shared = (
        handle, read.period(), read.days("settlement_days", 2), read.calendar("WEEKENDS"),
        read.roll(), False, own, other,
        around.handle(read.text("collateral"), f"{read.place}.collateral"),
        False, spread_on == "INDEX",
    )  # fmt: skip
    quarterly = read.frequency("months", 3)
    if read.flag("resetting"):
        # Resets of notional are on the leg of the collateral's currency.
        helper = ql.MtMCrossCurrencyBasisSwapRateHelper(*shared, False, quarterly)
    else:
        helper = ql.ConstNotionalCrossCurrencyBasisSwapRateHelper(*shared, quarterly)
    return Instrument(label, helper, quote, par=False)


def _fx_forward(read: Reader, around: Surroundings, label: str) -> Instrument:
    """An outright FX rate: this curve's currency follows from the collateral's curve."""
    base, quoted = read.text("base"), read.text("quote")
    if around.currency not in (base, quoted):
        raise MarketError(f"{read.place}.base", f"{base}/{quoted} is no pair of {around.currency}")
    spot = around.spot(base, quoted, read.place)
    outright = read.number("rate", 1e-9, 1e9)
    if not 0.1 <= outright / spot <= 10.0:
        raise MarketError(f"{read.place}.rate", f"{outright:g} is far from spot {spot:g}")
    quote, handle = _live(outright - spot)
    _, spot_handle = _live(spot)
    helper = ql.FxSwapRateHelper(
        handle, spot_handle, read.period(), read.days("settlement_days", 2),
        read.calendar("WEEKENDS"), read.roll(), False, quoted == around.currency,
        around.handle(read.text("collateral"), f"{read.place}.collateral"),
    )  # fmt: skip
    return Instrument(label, helper, quote, par=False)


def _bond(read: Reader, around: Surroundings, label: str) -> Instrument:
    """A fixed coupon bond by its clean price; its par quote is the yield, ICMA compounding."""
    price = read.number("price", *PRICE)
    coupon = read.number("coupon", -0.1, 1.0)
    quote, handle = _live(price)
    often, closed = read.frequency("months", 6), read.calendar("WEEKENDS")
    start, end = read.date("dated_date"), read.date("maturity")
    if not start < end or end <= ql.Settings.instance().evaluationDate:
        raise MarketError(
            f"{read.place}.maturity", "the bond has matured or its dates are reversed"
        )
    schedule = ql.Schedule(
        start, end, ql.Period(often), ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted,
        ql.DateGeneration.Backward, False,
    )  # fmt: skip
    basis = day_count(read.day_count("ACT/ACT ICMA"), schedule)
    settlement = read.days("settlement_days", 1)
    following = read.roll("FOLLOWING")
    helper = ql.FixedRateBondHelper(
        handle, settlement, 100.0, schedule, [coupon], basis, following, 100.0, start, closed
    )
    bond = helper.bond()
    clean = ql.BondPrice(price, ql.BondPrice.Clean)
    rate = bond.bondYield(clean, basis, ql.Compounded, often)
    slope = (
        bond.cleanPrice(rate + 1e-5, basis, ql.Compounded, often)
        - bond.cleanPrice(rate - 1e-5, basis, ql.Compounded, often)
    ) / 2e-5
    return Instrument(label, helper, quote, unit=slope)


def _nothing() -> Any:
    """Return the empty handle: a helper links its index to the curve it builds."""
    return ql.YieldTermStructureHandle()


_Build = Callable[[Reader, Surroundings, str], Instrument]
_DATES = {"calendar", "roll", "settlement_days"}
_KINDS: dict[str, tuple[_Build, set[str]]] = {
    "DEPOSIT": (_deposit, {"tenor", "rate", "day_count", *_DATES}),
    "FRA": (_fra, {"start", "rate", "index"}),
    "FUTURES": (_futures, {"start", "end", "price", "convexity", "hull_white", "index"}),
    "OIS": (_ois, {"tenor", "rate", "index", "months", "payment_lag_days", *_DATES}),
    "SWAP": (_swap, {"tenor", "rate", "index", "months", "day_count", *_DATES}),
    "BASIS": (_basis, {"tenor", "spread", "index", "against", "spread_on", *_DATES}),
    "XCCY_BASIS": (
        _cross_currency,
        {"tenor", "spread", "index", "against", "spread_on", "collateral", "resetting", "months",
         *_DATES},
    ),
    "FX_FORWARD": (_fx_forward, {"tenor", "rate", "base", "quote", "collateral", *_DATES}),
    "BOND": (
        _bond,
        {"price", "coupon", "dated_date", "maturity", "months", "day_count", *_DATES},
    ),
}  # fmt: skip
KINDS = tuple(_KINDS)
"""The kinds of quotes of a curve."""
