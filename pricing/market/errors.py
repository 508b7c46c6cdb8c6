"""What is wrong with a market document, and where."""

from __future__ import annotations


class MarketError(ValueError):
    """A market document cannot be read or a curve not built; the message names the place."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
