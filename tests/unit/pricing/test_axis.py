"""The axis: default cells, factors, quanta, what is no cell."""

from __future__ import annotations

import datetime as dt

import pytest

from pricing.axis import Axis, AxisError, Cell, default_cells
from pricing.measures import DEFAULT_MEASURES, MEASURES, Kind, UnknownMeasure, measure

DAY = dt.date(2022, 12, 30)


def test_default_axis_is_measures_on_base_and_pv_elsewhere() -> None:
    cells = default_cells(["DV01", "WAL"], ["BASE", "UP"], ["EUR"], "USD")
    assert [str(cell) for cell in cells] == [
        "PV@BASE",
        "DV01@BASE/ALL",
        "DV01@BASE/EUR",
        "DV01@BASE/USD",
        "PRINCIPAL_TIME@BASE",
        "PRINCIPAL_FLOWS@BASE",
        "PV@UP",
    ]


def test_measure_at_scenario_asks_for_more() -> None:
    cells = default_cells(["PV", "CS01@UP"], ["BASE", "UP"], ["USD"], "USD")
    assert Cell("CS01", "UP") in cells
    with pytest.raises(AxisError, match="no such scenario"):
        default_cells(["CS01@DOWN"], ["BASE", "UP"], ["USD"], "USD")


def test_run_currency_has_exposure_and_no_delta() -> None:
    cells = default_cells(["FX_EXPOSURE", "FX_DELTA"], ["BASE"], ["EUR", "USD"], "USD")
    assert Cell("FX_EXPOSURE", "BASE", "USD") in cells
    assert Cell("FX_DELTA", "BASE", "USD") not in cells
    assert Cell("FX_DELTA", "BASE", "EUR") in cells


@pytest.mark.parametrize(
    ("currency", "quanta"),
    [("USD", (6, 8, 4, 2)), ("JPY", (4, 6, 2, 0)), ("KWD", (7, 9, 5, 3))],
)
def test_quantum_follows_the_minor_digits_of_the_currency(
    currency: str, quanta: tuple[int, ...]
) -> None:
    codes = ("PV", "DV01", "PRINCIPAL_TIME", "CONVEXITY_AMOUNT")
    assert tuple(measure(code).quantum(currency) for code in codes) == quanta
    assert measure("SPREAD").quantum(currency) == 10
    assert measure("CLEAN_PRICE").quantum(currency) == 8


def test_exposure_is_in_the_currency_of_its_factor() -> None:
    cells = (Cell("PV", "BASE"), Cell("FX_EXPOSURE", "BASE", "JPY"), Cell("CLEAN_PRICE", "BASE"))
    axis = Axis(cells, DAY, "USD")
    assert [axis.currency(cell) for cell in cells] == ["USD", "JPY", ""]
    assert [axis.quantum(cell) for cell in cells] == [6, 4, 8]


@pytest.mark.parametrize(
    "cell",
    [
        Cell("WAL", "BASE"),
        Cell("PV", "BASE", "USD"),
        Cell("DV01", "BASE"),
        Cell("DV01", "BASE", "XXQ"),
        Cell("FX_DELTA", "BASE", "USD"),
        Cell("KEY_RATE_DV01", "BASE", "USD"),
        Cell("KEY_RATE_DV01", "BASE", "USD/4Y"),
    ],
)
def test_cell_without_meaning_is_refused(cell: Cell) -> None:
    with pytest.raises(AxisError):
        Axis((cell,), DAY, "USD")


def test_axis_refuses_doubles_and_unknowns() -> None:
    with pytest.raises(AxisError, match="twice"):
        Axis((Cell("PV", "BASE"),) * 2, DAY, "USD")
    with pytest.raises(AxisError, match="run currency"):
        Axis((), DAY, "XXQ")
    with pytest.raises(AxisError, match="increase"):
        Axis((), DAY, "USD", key_rate_tenors=("5Y", "2Y"))
    for year in (1899, 2200):
        with pytest.raises(AxisError, match="outside 1900 to 2199"):
            Axis((), dt.date(year, 7, 1), "USD")
    with pytest.raises(UnknownMeasure):
        Axis((Cell("DV02", "BASE"),), DAY, "USD")
    with pytest.raises(AxisError, match="BASE"):
        default_cells(["PV"], ["UP"], ["USD"], "USD")


def test_ratios_are_divided_from_sums() -> None:
    for found in MEASURES.values():
        if found.kind in (Kind.RATIO, Kind.WEIGHTED):
            assert all(measure(code).kind is Kind.SUM for code in found.cells)
        else:
            assert found.cells == (*found.parts, found.code)
            assert all(measure(code).kind is found.kind for code in found.parts)
    assert set(DEFAULT_MEASURES) <= set(MEASURES)
