"""The few pages of the web process: runs with their totals, for people without a client."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from apps.access.models import User
from graph.asked import Asked
from graph.context import Context
from graph.view import execute

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
    return render(request, "config/run.html", {"run": found, "grid": _grid(found)})


def _grid(run: dict[str, Any]) -> dict[str, Any] | None:
    """Lay the node's total and its children out as rows; None before there are results."""
    total, children = run["total"], run["children"]
    if not total["nodeCodes"]:
        return None
    columns = [each for each in total["columns"] if each["factor"] == ""]
    return {
        "title": total["nodeNames"][0],
        "heads": [f"{each['measure']} {each['currency']}".strip() for each in columns],
        "rows": [*_rows(children, link=True), *_rows(total, link=False)],
        "scenarios": [
            (each["scenario"], each["values"][0]) for each in run["scenarios"]["columns"]
        ],
    }


def _rows(cube: dict[str, Any], *, link: bool) -> list[dict[str, Any]]:
    columns = [each for each in cube["columns"] if each["factor"] == ""]
    return [
        {
            "code": code,
            "name": cube["nodeNames"][place] if link else "Total",
            "link": link,
            "count": cube["counts"][place],
            "covered": cube["covered"][place],
            "values": [each["values"][place] for each in columns],
        }
        for place, code in enumerate(cube["nodeCodes"])
    ]


def _ask(request: HttpRequest, query: str, **variables: object) -> dict[str, Any]:
    assert isinstance(request.user, User)
    return execute(Asked(query, variables, None), Context(user=request.user))
