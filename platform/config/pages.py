"""The few pages of the web process: runs with their totals, for people without a client."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from apps.access.models import User
from graph.asked import Asked
from graph.context import Context
from graph.view import execute

_SHOWN = (
    "PV", "DV01", "CS01", "SPREAD_DURATION", "WAL", "CONVEXITY", "ACCRUED", "CLEAN_PV", "PRINCIPAL",
    "NOTIONAL",
)  # fmt: skip
"""Measures of the page, in this order; GraphQL has all of them and every digit."""

_BASE = "BASE"
_MOST_FAILED = 50

_HOME = """
query Home {
  runs(first: 20) {
    nodes {
      id status valuationDate currency positionCount valuedCount errorCount submittedAt submittedBy
      node { code name }
      progress { total succeeded }
    }
  }
}
"""

_RUN = """
query Run($id: ID!, $node: String) {
  run(id: $id) {
    id status phase valuationDate cut currency inputHash resultHash positionCount valuedCount
    errorCount submittedAt submittedBy error
    node { code name }
    progress { total queued running succeeded failed dead positions positionsDone }
    positionSnapshot { id name asOf } marketDataSnapshot { id name asOf }
    scenarioSet { id code scenarioCount }
    publication { publishedAt publishedBy }
    total: cube(node: $node, scenarios: ["BASE"]) { ...Grid }
    children: cube(node: $node, by: [PORTFOLIO], scenarios: ["BASE"]) { ...Grid }
    scenarios: cube(node: $node, measures: ["PV"]) { ...Grid }
  }
}
fragment Grid on Cube {
  nodeCodes nodeNames nodeTypes counts covered
  columns { measure scenario factor unit currency values }
}
"""


_FAILED = """
query Failed($id: ID!, $node: String, $first: Int!) {
  run(id: $id) {
    positions(
      node: $node, where: {status: ERROR}, measures: ["PV"], scenarios: ["BASE"], first: $first
    ) { positionIds productTypes books errorCodes errorMessages }
  }
}
"""


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """List the latest runs that the user sees something of."""
    answer = _ask(request, _HOME)
    runs = (answer.get("data") or {"runs": {"nodes": []}})["runs"]["nodes"]
    return render(request, "config/home.html", {"runs": runs, "dev": settings.TIEOUT_DEV})


@login_required
def run(request: HttpRequest, run: int) -> HttpResponse:
    """Show a run: where it stands, its totals under a node, and the nodes below."""
    node = request.GET.get("node")
    found = (_ask(request, _RUN, id=str(run), node=node).get("data") or {}).get("run")
    if found is None:
        raise Http404
    shown = {"run": found, "grid": _grid(found), "failed": _failed(request, found, node)}
    return render(request, "config/run.html", shown)


def _failed(request: HttpRequest, run: dict[str, Any], node: str | None) -> list[tuple[str, ...]]:
    """Return the first positions without a value under the node, and why each has none."""
    if not run["errorCount"]:
        return []
    answer = _ask(request, _FAILED, id=run["id"], node=node, first=_MOST_FAILED)
    page = ((answer.get("data") or {}).get("run") or {}).get("positions")
    if page is None:
        return []
    names = ("positionIds", "productTypes", "books", "errorCodes", "errorMessages")
    return list(zip(*(page[name] for name in names), strict=True))


def _grid(run: dict[str, Any]) -> dict[str, Any] | None:
    """Lay the node's total and its children out as rows; None before there are results."""
    total, children = run["total"], run["children"]
    if not total["nodeCodes"]:
        return None
    columns = _columns(total)
    return {
        "title": total["nodeNames"][0],
        "heads": [f"{each['measure']} {each['currency']}".strip() for each in columns],
        "rows": [*_rows(children, link=True), *_rows(total, link=False)],
        "scenarios": _moves(run["scenarios"]["columns"]),
    }


def _columns(cube: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the columns of the page: the total of a measure that has one, else the measure."""
    found = {each["measure"]: each for each in cube["columns"] if each["factor"] in ("", "ALL")}
    return [found[name] for name in _SHOWN if name in found]


def _moves(columns: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Return scenario, value, change and change in percent of BASE, the largest loss first."""
    values = {each["scenario"]: Decimal(each["values"][0] or 0) for each in columns}
    base = values.get(_BASE)
    if base is None:
        return [(name, _figure(value), "", "") for name, value in values.items()]
    changes = sorted((value - base, name) for name, value in values.items() if name != _BASE)
    return [
        (_BASE, _figure(base), "", ""),
        *(
            (
                name,
                _figure(values[name]),
                f"{change:+,.2f}",
                f"{100 * change / base:+.2f}%" if base > 0 else "",
            )
            for change, name in changes
        ),
    ]


def _figure(value: str | Decimal | None) -> str:
    """Return a number as people read it, grouped, to two decimals."""
    return "–" if value is None else f"{Decimal(value):,.2f}"


def _rows(cube: dict[str, Any], *, link: bool) -> list[dict[str, Any]]:
    columns = _columns(cube)
    return [
        {
            "code": code,
            "name": cube["nodeNames"][place] if link else "Total",
            "link": link,
            "count": cube["counts"][place],
            "covered": cube["covered"][place],
            "values": [_figure(each["values"][place]) for each in columns],
        }
        for place, code in enumerate(cube["nodeCodes"])
    ]


def _ask(request: HttpRequest, query: str, **variables: object) -> dict[str, Any]:
    assert isinstance(request.user, User)
    return execute(Asked(query, variables, None), Context(user=request.user))
