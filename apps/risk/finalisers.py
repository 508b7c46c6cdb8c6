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
    Floats = NDArray[np.float64]

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_LARGEST = 2**62


class RiskRefused(RetryUseless):
    """A figure cannot be formed from what the run holds; the message names the place."""


class RiskFinaliser:
    """Write VaR, expected shortfall and their parts, as far as the run asks for them."""

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
        _refuse_parametric(request, measures)

    def finalise(self, cursor: Cursor[Any], run_id: int, request: RunRequest, found: Found) -> None:
        """Write the figures of every node of the run that has positions."""
        measures = adapters.asked(request.measures)
        if not measures:
            return
        past = _history(request)
        if past is None:
            raise RiskRefused(f"the scenarios of run {run_id} are not historical")
        tree = _nodes(cursor, request)
        cells = _Cells.read(cursor, run_id)
        nodes, pnl = cells.nodes, cells.profits(past.codes)
        rows = {node: row for row, node in enumerate(nodes.tolist())}
        parents = [rows.get(tree[node][1], -1) for node in rows]
        try:
            figures = list(adapters.figures(measures, past, pnl, np.array(parents, dtype=np.int64)))
            if set(measures) & set(adapters.PARAMETRIC):
                figures += _parametric(request, measures, past, cells)
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


class _Cells:
    """The summed cells of every node of a run that has positions."""

    def __init__(self, run_id: int, axis: Sequence[CellSpec], blocks: Sequence[Mapping[str, Any]]):
        self._run_id = run_id
        self._axis = axis
        self._blocks = blocks
        self._places = {
            (cell.measure, cell.scenario, cell.factor): index for index, cell in enumerate(axis)
        }
        self.nodes: Ints = blocks[0]["node"].astype(np.int64)

    @classmethod
    def read(cls, cursor: Cursor[Any], run_id: int) -> _Cells:
        """Read them, block by block."""
        axis = read_axis(cursor, run_id)
        blocks = [
            copy.copy_out(
                cursor,
                SQL["vectors"],
                {"node": "int4", "cells": ("int8[]", block.width)},
                {"run": run_id, "block": block.number},
            )
            for block in axes.blocks(len(axis))
        ]
        return cls(run_id, axis, blocks)

    def factors(self, measure: str) -> list[str]:
        """Return the factors that the run has of a measure at BASE, in order of the axis."""
        return [
            cell.factor
            for cell in self._axis
            if (cell.measure, cell.scenario) == (measure, adapters.BASE)
        ]

    def counts(self, measure: str, scenario: str = adapters.BASE, factor: str = "") -> Ints:
        """Return the counts of a cell, one per node."""
        place = axes.place(self._places[measure, scenario, factor])
        cells: Ints = self._blocks[place.block]["cells"][:, place.ordinal - 1]
        return cells

    def exponent(self, measure: str, factor: str = "") -> int:
        """Return d: the cell at BASE counts 10**-d."""
        return self._axis[self._places[measure, adapters.BASE, factor]].quantum

    def amounts(self, measure: str) -> Floats:
        """Return a measure at BASE in units of its currency, (nodes, factors)."""
        factors = self.factors(measure)
        found = np.empty((len(self.nodes), len(factors)))
        for at, factor in enumerate(factors):
            counts = self.counts(measure, factor=factor)
            found[:, at] = counts / 10.0 ** self.exponent(measure, factor)
        return found

    def profits(self, scenarios: Sequence[str]) -> Ints:
        """Return P&L, (nodes, scenarios): PV in the scenario less PV at BASE, both summed."""
        found = np.empty((len(self.nodes), len(scenarios)), dtype=np.int64)
        for at, scenario in enumerate(scenarios):
            found[:, at] = self._differable(scenario)
        profits: Ints = found - self._differable(adapters.BASE)[:, None]
        return profits

    def _differable(self, scenario: str) -> Ints:
        counts = self.counts("PV", scenario)
        if counts.size and max(int(counts.max()), -int(counts.min())) >= _LARGEST:
            raise RiskRefused(f"run {self._run_id}: PV@{scenario} is too large for differences")
        return counts


def _parametric(
    request: RunRequest, measures: Sequence[str], past: adapters.History, cells: _Cells
) -> list[adapters.Figure]:
    key_rates, currencies = cells.factors("KEY_RATE_DV01"), cells.factors("FX_DELTA")
    convexity = cells.amounts("CONVEXITY_AMOUNT")
    slopes = adapters.Slopes(
        tuple(key_rates),
        cells.amounts("KEY_RATE_DV01"),
        tuple(currencies),
        cells.amounts("FX_DELTA"),
        convexity[:, 0] if convexity.shape[1] else None,
    )
    moves = adapters.factor_moves(
        request.scenarios, request.market.get("discount", {}), key_rates, currencies
    )
    return list(adapters.parametric(measures, past, slopes, moves, cells.exponent("PV")))


def _refuse_parametric(request: RunRequest, measures: Sequence[str]) -> None:
    for code in measures:
        needed = adapters.NEEDS.get(code, ())
        if needed and set(request.currencies) - {request.currency}:
            needed = (*needed, "FX_DELTA")
        for sum_of in needed:
            if sum_of not in request.measures:
                raise SubmitError(
                    "measures",
                    "MEASURE_NEEDS_ANOTHER",
                    f"{code} is formed from {sum_of}: ask for it",
                )
    if set(measures) & set(adapters.PARAMETRIC):
        try:
            adapters.factor_moves(request.scenarios, request.market.get("discount", {}), (), ())
        except adapters.RiskError as error:
            raise SubmitError("scenarios", error.code, str(error)) from error
