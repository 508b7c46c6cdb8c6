"""From quotes to the nodes of curves, by QuantLib, once when quotes come in.

Pricing reads only the nodes and, for the sensitivities to quotes, their Jacobian.
"""

from pricing.market.bootstrap.documents import calibrated
from pricing.market.bootstrap.par import ParQuote, calibrate, par_curve_document

__all__ = ["ParQuote", "calibrate", "calibrated", "par_curve_document"]
