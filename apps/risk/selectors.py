"""Reading market risk of nodes in a constant number of statements."""

from __future__ import annotations

from apps.risk.adapters import Assumption
from apps.risk.backtest import Backtest, backtest
from apps.risk.concentration import (
    ConcentrationBy,
    NodeConcentration,
    NotConcentrated,
    concentration,
)
from apps.risk.figures import (
    Ladder,
    NodeFigure,
    NodeRisk,
    PartOfNode,
    Parts,
    UnknownLevel,
    risk,
)

__all__ = [
    "Assumption",
    "Backtest",
    "ConcentrationBy",
    "Ladder",
    "NodeConcentration",
    "NodeFigure",
    "NodeRisk",
    "NotConcentrated",
    "PartOfNode",
    "Parts",
    "UnknownLevel",
    "backtest",
    "concentration",
    "risk",
]
