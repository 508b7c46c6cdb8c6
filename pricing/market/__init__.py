"""Immutable markets: curves, spreads and FX of one day."""
