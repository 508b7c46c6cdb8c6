"""The key rates of a run that names none; without NumPy, so that settings can be read before it."""

DEFAULT_KEY_RATE_TENORS = ("3M", "6M", "1Y", "2Y", "3Y", "5Y", "10Y", "15Y", "20Y", "30Y")
