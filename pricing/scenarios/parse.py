"""From scenario documents, format `tieout.scenario/1`, to scenarios.

docs/methods/scenarios.md describes each field. The parts of a composed scenario are expanded
before (`pricing.scenarios.compose`): its document has their shocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pricing.scenarios.compose import part_codes
from pricing.scenarios.parse_shock import only, shock
from pricing.scenarios.shocks import Scenario, ScenarioError

FORMAT = "tieout.scenario/1"
KINDS = ("INSTANT", "HORIZON", "PATH")


def parse(document: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a document; a ScenarioError names the place of what is wrong."""
    if not isinstance(document, Mapping):
        raise ScenarioError("scenario", "an object is expected")
    code = document.get("code")
    if not isinstance(code, str) or not code or len(code) > 64:
        raise ScenarioError("code", "a code of 1 to 64 characters is expected")
    if document.get("format", FORMAT) != FORMAT:
        raise ScenarioError(f"{code}.format", f"{document.get('format')!r} is not {FORMAT!r}")
    only(
        document,
        {"format", "code", "name", "kind", "shocks", "parts", "source", "attributes"},
        code,
    )
    kind = document.get("kind", "INSTANT")
    if kind not in KINDS:
        raise ScenarioError(f"{code}.kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    if kind != "INSTANT":
        raise ScenarioError(
            f"{code}.kind", f"{kind} scenarios are not valued yet", "SCENARIO_KIND_UNSUPPORTED"
        )
    if part_codes(document) and "shocks" not in document:
        raise ScenarioError(f"{code}.parts", "a composed scenario is read with its shocks")
    shocks = document.get("shocks", [])
    if not isinstance(shocks, Sequence) or isinstance(shocks, str):
        raise ScenarioError(f"{code}.shocks", "a list is expected")
    if code == "BASE" and shocks:
        raise ScenarioError("BASE.shocks", "the base scenario has no shocks")
    read = tuple(shock(item, f"{code}.shocks[{i}]") for i, item in enumerate(shocks))
    return Scenario(code, str(document.get("name") or code), read)
