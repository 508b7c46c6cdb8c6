"""Declared changes of a market, and the market states they make."""

from pricing.scenarios.compose import composed
from pricing.scenarios.parse import parse
from pricing.scenarios.shocks import Scenario, ScenarioError
from pricing.scenarios.states import States

__all__ = ["Scenario", "ScenarioError", "States", "composed", "parse"]
