"""`python -m pricing`: real processes, files in, text or JSON out, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pricing.conftest import BOND_TERMS, FX_TERMS, LOAN_TERMS, MARKET, SCENARIOS

ROOT = Path(__file__).parents[3]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pricing", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    positions: list[dict[str, Any]] = [
        {"position_id": "L", "product_type": "AMORT_LOAN", "currency": "USD",
         "terms": LOAN_TERMS, "state": {"spread": "0.015"}, "rating": "BBB", "sector": "RETAIL"},
        {"position_id": "B", "product_type": "FIXED_BOND", "currency": "USD",
         "terms": BOND_TERMS, "state": {"spread": 0.01, "quantity": 1000000}},
        {"position_id": "F", "product_type": "FX_FWD", "currency": "EUR", "terms": FX_TERMS},
    ]  # fmt: skip
    contents = {"instruments": positions, "market": MARKET, "scenarios": SCENARIOS}
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(content))
    return paths


def test_value_prints_every_cell_as_a_decimal(files: dict[str, Path]) -> None:
    done = run("value", files["instruments"], files["market"], "--scenarios", files["scenarios"],
               "--measures", "PV,DV01", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["position_id"] for row in rows] == ["L", "B", "F"]
    assert {row["status"] for row in rows} == {"VALUED"}
    loan = rows[0]["values"]
    assert set(loan) == {
        "PV@BASE", "PV@UP", "PV@TWIST", "PV@WIDER",
        "DV01@BASE/ALL", "DV01@BASE/EUR", "DV01@BASE/USD",
    }  # fmt: skip
    assert loan["PV@BASE"].partition(".")[2].__len__() == 6
    assert loan["DV01@BASE/USD"].partition(".")[2].__len__() == 8


def test_text_output_names_cells_and_failures(files: dict[str, Path]) -> None:
    positions = json.loads(files["instruments"].read_text())
    positions[0]["terms"] = {**LOAN_TERMS, "rate": "NaN"}
    positions[2]["product_type"] = "SWAPTION"
    files["instruments"].write_text(json.dumps(positions))
    done = run("value", files["instruments"], files["market"])
    assert done.returncode == 1
    assert "L  ERROR NOT_FINITE" in done.stdout
    assert "F  ERROR UNKNOWN_PRODUCT" in done.stdout
    assert "PV@BASE" in done.stdout


def test_market_of_quotes_is_calibrated_before_it_values(files: dict[str, Path]) -> None:
    market = json.loads(files["market"].read_text())
    market["indices"] = {
        "SOFR": {"currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                 "calendar": "US-GOVT", "curve": "USD-TREASURY"},
    }  # fmt: skip
    market["curves"][0] = {
        "name": "USD-TREASURY", "currency": "USD", "kind": "BOOTSTRAP",
        "quotes": [{"kind": "OIS", "tenor": f"{years}Y", "rate": "0.04", "index": "SOFR"}
                   for years in (1, 5, 30)],
    }  # fmt: skip
    files["market"].write_text(json.dumps(market))
    done = run("value", files["instruments"], files["market"], "--measures", "DV01,DV01_PAR",
               "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    loan = json.loads(done.stdout)[0]["values"]
    zero, par = (float(loan[f"{code}@BASE/USD"]) for code in ("DV01", "DV01_PAR"))
    # A simple ACT/360 rate a year is a continuous ACT/365F one of about 98% of its move.
    assert par == pytest.approx(zero * 365 / 360 / 1.0405, rel=5e-3)
    market["curves"][0]["quotes"][1]["rate"] = "0.9"
    files["market"].write_text(json.dumps(market))
    refused = run("value", files["instruments"], files["market"])
    assert refused.returncode == 2
    assert "USD-TREASURY.quotes[1] (OIS 5Y)" in refused.stderr


def test_cashflows_tie_to_the_value(files: dict[str, Path]) -> None:
    done = run("cashflows", files["instruments"], files["market"], "--json")
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout)
    valued = json.loads(
        run("value", files["instruments"], files["market"], "--measures", "PV", "--json").stdout
    )
    loan_total = sum(float(flow["pv"]) for flow in documents[0]["flows"])
    assert loan_total == pytest.approx(float(valued[0]["values"]["PV@BASE"]), abs=1e-3)
    assert documents[2]["flows"][0]["nodes"]
    assert "INTEREST" in run("cashflows", files["instruments"], files["market"]).stdout


@pytest.mark.parametrize("product_type", ["AMORT_LOAN", "FIXED_BOND", "FX_FWD"])
def test_schema_is_a_json_schema(product_type: str) -> None:
    schema = json.loads(run("schema", product_type).stdout)
    assert schema["title"] == product_type
    assert schema["properties"]["terms"]["additionalProperties"] is False
    assert schema["properties"]["state"]["additionalProperties"] is True


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("market", "{", "market.json:1:2"),
        ("market", "[]", "an object is expected"),
        ("market", '{"format": "x"}', "format"),
        ("instruments", "{}", "a list of positions is expected"),
        ("instruments", "[{}]", "position_id"),
        ("instruments", '[{"position_id": NaN}]', "NaN is no JSON number"),
        ("scenarios", '[{"code": "X", "kind": "PATH"}]', "X.kind"),
        ("scenarios", '[{"code": "X", "shocks": [{"risk": "RATE", "curve": "M", "size": 0}]}]',
         "no curve 'M'"),
    ],
)  # fmt: skip
def test_broken_file_is_an_error_naming_the_place(
    name: str, content: str, message: str, files: dict[str, Path]
) -> None:
    files[name].write_text(content)
    done = run("value", files["instruments"], files["market"], "--scenarios", files["scenarios"])
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_missing_file_and_unknown_measure_are_errors(files: dict[str, Path]) -> None:
    done = run("value", files["instruments"], files["market"].with_name("none.json"))
    assert done.returncode == 2
    assert "none.json" in done.stderr
    done = run("value", files["instruments"], files["market"], "--measures", "PV,GAMMA")
    assert done.returncode == 2
    assert "unknown measure 'GAMMA'" in done.stderr
