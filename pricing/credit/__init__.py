"""Credit risk and allowances: pure arithmetic on exposures, probabilities and dated parameters."""
