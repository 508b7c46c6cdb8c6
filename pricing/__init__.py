"""Valuation of fixed-income positions under market scenarios: pure, vectorised, reproducible.

Knows no Django, no database and no clock. A batch of positions of one product goes in with a set
of market states; float64 values per cell come out, and a Failure per position that has none.
"""
