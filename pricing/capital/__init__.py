"""Capital requirements: weights, formulas and limits of a named rulebook, as pure arithmetic."""
