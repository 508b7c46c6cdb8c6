"""Spot FX: quotes `base/quote = rate` (units of quote for one base) and cross values."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pricing.market import reading
from pricing.market.content import content_hash
from pricing.market.errors import MarketError


@dataclass(frozen=True, slots=True)
class FxQuote:
    """One unit of `base` is worth `rate` units of `quote`."""

    base: str
    quote: str
    rate: float

    @property
    def name(self) -> str:
        """Return the name of the quote in the market: `fx/EUR/USD`."""
        return f"fx/{self.base}/{self.quote}"


@dataclass(frozen=True, slots=True)
class FxValue:
    """The value of one unit of a currency in another, and the quotes it was crossed through."""

    value: float
    quotes: tuple[str, ...]


def values_in(quotes: Sequence[FxQuote], target: str) -> dict[str, FxValue]:
    """Return the value of every reachable currency in `target`.

    Crosses take the fewest quotes; among equals the first in the document's order.
    """
    known = {target: FxValue(1.0, ())}
    queue = deque([target])
    while queue:
        at = queue.popleft()
        here = known[at]
        for quote in quotes:
            if quote.quote == at and quote.base not in known:
                known[quote.base] = FxValue(here.value * quote.rate, (*here.quotes, quote.name))
                queue.append(quote.base)
            elif quote.base == at and quote.quote not in known:
                known[quote.quote] = FxValue(here.value / quote.rate, (*here.quotes, quote.name))
                queue.append(quote.quote)
    return known


def read(value: object, hashes: dict[str, bytes]) -> tuple[FxQuote, ...]:
    """Return the quotes of a market document, their hashes as `fx/BASE/QUOTE`."""
    quotes: list[FxQuote] = []
    pairs: set[frozenset[str]] = set()
    for index, item in enumerate(reading.sequence(value, "fx")):
        place = f"fx[{index}]"
        source = reading.mapping(item, place)
        base = reading.currency(source.get("base"), f"{place}.base")
        quote = reading.currency(source.get("quote"), f"{place}.quote")
        if base == quote or frozenset((base, quote)) in pairs:
            raise MarketError(place, f"the pair {base}/{quote} is no pair or stands twice")
        pairs.add(frozenset((base, quote)))
        rate = reading.number(source.get("rate"), f"{place}.rate", 1e-9, 1e9)
        quotes.append(FxQuote(base, quote, rate))
        hashes[quotes[-1].name] = content_hash(str(source["rate"]))
    return tuple(quotes)
