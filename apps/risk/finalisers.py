"""RiskFinaliser: figures of every node that are no sums, from its summed vector alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.result import axis as axes
from apps.result.finalisers import read_axis
from apps.risk import adapters
from apps.run.contracts import Found, RetryUseless, RunRequest
from apps.run.request import SubmitError
from foundation import copy, hashing, sqlfiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import Cursor

    from apps.run.contracts import CellSpec

    Ints = NDArray[np.int64]

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_LARGEST = 2**62


class RiskRefused(RetryUseless):
    """A figure cannot be formed from what the run holds; the message names the place."""


class RiskFinaliser:
    """Write HIST_VAR, HIST_ES and their parts, as far as the run asks for them."""

    def refuse(self, request: RunRequest) -> None:
        """Raise SubmitError where figures are asked for that the scenario set cannot give."""
        measures = adapters.asked(request.measures)
        if not measures:
            return
        for text in measures:
            if "@" in text or "/" in text:
                raise SubmitError(
                    "measures",
                    "MEASURE_HAS_NO_SCENARIO",
                    f"{text}: a figure of nodes is of all scenarios of the set, at every level",
                )
        try:
            past = _history(request)
        except adapters.RiskError as error:
            raise SubmitError("scenarios", error.code, str(error)) from error
        if past is None:
            raise SubmitError(
                "measures",
                "NOT_HISTORICAL",
                f"{measures[0]} needs a set of scenarios that was made from a history",
            )
        why = adapters.unanswered(min(adapters.LEVELS_BP), len(past.codes))
        if why:
            raise SubmitError("measures", "TOO_FEW_SCENARIOS", f"{measures[0]}: {why}")

    def finalise(self, cursor: Cursor[Any], run_id: int, request: RunRequest, found: Found) -> None:
        """Write the figures of every node of the run that has positions."""
        measures = adapters.asked(request.measures)
        if not measures:
            return
        past = _history(request)
        if past is None:
            raise RiskRefused(f"the scenarios of run {run_id} are not historical")
        tree = _nodes(cursor, request)
        nodes, pnl = _profits(cursor, run_id, read_axis(cursor, run_id), past.codes)
        rows = {node: row for row, node in enumerate(nodes.tolist())}
        parents = [rows.get(tree[node][1], -1) for node in rows]
        try:
            figures = list(adapters.figures(measures, past, pnl, np.array(parents, dtype=np.int64)))
        except adapters.RiskError as error:
            raise RiskRefused(f"run {run_id}, {error.code}: {error}") from error
        with cursor.copy(SQL["figures"]) as writing:
            for figure in figures:
                node = int(nodes[figure.row])
                method = dict(figure.method)
                if figure.measure.startswith("COMPONENT"):
                    method["parent"] = tree[tree[node][1]][0]
                name = (run_id, node, figure.measure, adapters.BASE, figure.factor)
                writing.write_row((*name, figure.value, hashing.canonical(method)))


def _history(request: RunRequest) -> adapters.History | None:
    return adapters.history(request.basis, [str(item["code"]) for item in request.scenarios])


def _nodes(cursor: Cursor[Any], request: RunRequest) -> dict[int, tuple[str, int]]:
    """Return the code and the parent of every node of a run, in order of the nodes."""
    place = {"tree": request.tree_id, "node": request.node}
    found = cursor.execute(SQL["nodes"], place).fetchall()
    return {node: (code, parent) for node, code, parent in found}


def _profits(
    cursor: Cursor[Any], run_id: int, axis: Sequence[CellSpec], scenarios: Sequence[str]
) -> tuple[Ints, Ints]:
    """Return the nodes with positions and their P&L by scenario, (nodes, scenarios) counts.

    P&L is PV in the scenario less PV at BASE, both sums of the node.
    """
    vectors: dict[int, Mapping[str, NDArray[Any]]] = {}
    for block in axes.blocks(len(axis)):
        vectors[block.number] = copy.copy_out(
            cursor,
            SQL["vectors"],
            {"node": "int4", "cells": ("int8[]", block.width)},
            {"run": run_id, "block": block.number},
        )
    places = {
        cell.scenario: axes.place(index)
        for index, cell in enumerate(axis)
        if cell.measure == "PV" and not cell.factor
    }

    def column(scenario: str) -> Ints:
        place = places[scenario]
        cells: Ints = vectors[place.block]["cells"][:, place.ordinal - 1]
        if cells.size and max(int(cells.max()), -int(cells.min())) >= _LARGEST:
            raise RiskRefused(f"run {run_id}: PV@{scenario} is too large to take differences")
        return cells

    nodes: Ints = vectors[0]["node"].astype(np.int64)
    pnl = np.empty((len(nodes), len(scenarios)), dtype=np.int64)
    for at, scenario in enumerate(scenarios):
        pnl[:, at] = column(scenario)
    return nodes, pnl - column(adapters.BASE)[:, None]
