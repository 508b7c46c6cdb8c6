"""Credit equivalents of what is off the balance sheet: committed and undrawn times its factor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.capital.arrays import FloatArray, within
from pricing.capital.rulebook import Rulebook


def credit_equivalents(rules: Rulebook, undrawn: npt.ArrayLike, kinds: npt.ArrayLike) -> FloatArray:
    """Return amounts of exposure; a kind the rulebook does not name is UNKNOWN_NAME."""
    amounts = within(undrawn, "undrawn", 0.0, float(np.finfo(np.float64).max))
    names, at = np.unique(np.asarray(kinds, dtype=np.str_), return_inverse=True)
    factors = np.array([rules.entry("ccf", name) for name in names.tolist()])
    return np.asarray(amounts * factors[at].reshape(amounts.shape))
