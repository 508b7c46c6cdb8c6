"""The columns of docs/methods/published.md that tests keep: counts of cases, and differences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "methods" / "published.md"
KEPT = HERE / "differences.json"
EXACT = "exact"

Kept = Mapping[str, Mapping[str, float]]


def listed(line: str) -> list[str]:
    """Return the cases of a line of the table."""
    return re.findall(r"`([^`]+)`", line.split("|")[1])


def text_of(cases: list[str], kept: Kept) -> str:
    """Return what stands for cases: the difference that is the largest share of its tolerance."""
    found = [kept[name] for name in cases if name in kept]
    if not found:
        return EXACT
    one = max(found, key=lambda one: one["difference"] / one["tolerance"])
    return f"{one['difference']:.2g} of {one['tolerance']:.2g}"


def with_differences(page: str, kept: Kept) -> str:
    """Return the page with the last column of its table of cases filled in."""
    lines = []
    inside = False
    for line in page.splitlines():
        inside = line.startswith("| case | what is asserted") or (inside and line.startswith("|"))
        if inside and line.startswith("| `"):
            cells = line.strip("|").split("|")
            cells[-1] = f" {text_of(listed(line), kept)} "
            line = "|" + "|".join(cells) + "|"
        lines.append(line)
    return "\n".join(lines) + "\n"
