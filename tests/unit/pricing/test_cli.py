"""`python -m pricing`: real processes, files in, text or JSON out, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pricing.cli import main
from pricing.products import derivative
from pricing.products.registry import PRODUCTS
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
    market["fixings"] = {}
    market["indices"] = {
        "SOFR": {"currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                 "calendar": "US-GOVT", "curve": "USD-TREASURY"},
    }  # fmt: skip
    market["fixings"] = {}
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


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_schema_is_a_json_schema(product_type: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", product_type]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == product_type
    assert schema["description"]
    terms = schema["properties"]["terms"]
    kinds = terms.get("oneOf", [terms])
    assert [kind.get("title") for kind in kinds] == (
        list(derivative.KINDS) if product_type == "DERIVATIVE" else [None]
    )
    for kind in kinds:
        assert kind["additionalProperties"] is False
        for name, field in kind["properties"].items():
            assert field.get("description"), name
    assert schema["properties"]["state"]["additionalProperties"] is True


def test_schema_of_no_product_names_those_there_are() -> None:
    done = run("schema", "SWAP")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ABS_MBS" in done.stderr
    assert "ZERO_COUPON" in done.stderr


@pytest.mark.parametrize("command", [(), ("value",), ("cashflows",), ("schema",)])
def test_help_says_what_each_argument_is(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    words = {
        (): ["exit code 2", "exit code 1"],
        ("value",): ["--measures", "CS01_PAR", "END_OF_DAY"],
        ("cashflows",): ["--scenario"],
        ("schema",): ["REVOLVER"],
    }
    for word in words[command]:
        assert word in re.sub(r"\s+", " ", done.stdout)


def test_currencies_of_legs_have_cells_of_their_own(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "products" / "swaps.md").read_text(encoding="utf-8")
    positions, market = re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)
    cross = [one for one in json.loads(positions) if one["position_id"] == "CROSS"]
    (tmp_path / "I.json").write_text(json.dumps(cross))
    (tmp_path / "M.json").write_text(market)
    done = run("value", tmp_path / "I.json", tmp_path / "M.json", "--measures", "DV01", "--json")
    assert set(json.loads(done.stdout)[0]["values"]) == {
        "PV@BASE", "DV01@BASE/ALL", "DV01@BASE/EUR", "DV01@BASE/USD",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("market", "{", "market.json:1:2"),
        ("market", "[]", "an object is expected"),
        ("market", '{"format": "x"}', "format"),
        ("instruments", "{}", "a list of positions is expected"),
        ("instruments", "[{}]", "position_id"),
        ("instruments", '[{"position_id": NaN}]', "NaN is no JSON number"),
        ("instruments", '[{"position_id": "A", "position_id": "B"}]', "'position_id' stands twice"),
        ("instruments", f'[{{"position_id": {"9" * 5000}}}]', "thousands of digits"),
        ("instruments", "[" * 100_000, "instruments.json: nested too deeply"),
        ("market", "[" * 100_000, "market.json: nested too deeply"),
        ("market", '{"format": "tieout.market/1"}', "market.json: as_of"),
        ("scenarios", '[{"code": "X", "shocks": [{"risk": "VOL"}]}]', "scenarios.json: X.shocks"),
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
    done = run("value", files["instruments"], files["market"], "--measures", "PV,HIST_VAR")
    assert done.returncode == 2
    assert "HIST_VAR is a figure of nodes" in done.stderr


def test_ratio_is_the_quotient_of_the_sums_it_stands_with(files: dict[str, Path]) -> None:
    done = run("value", files["instruments"], files["market"], "--scenarios", files["scenarios"],
               "--measures", "WAL, SPREAD_DURATION@UP", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    loan, bond, forward = json.loads(done.stdout)
    values = loan["values"]
    life = float(values["PRINCIPAL_TIME@BASE"]) / float(values["PRINCIPAL_FLOWS@BASE"])
    assert float(values["WAL@BASE"]) == pytest.approx(life, abs=1e-8)
    duration = float(bond["values"]["CS01@UP"]) / float(bond["values"]["PV@UP"]) * 1e4
    assert float(bond["values"]["SPREAD_DURATION@UP"]) == pytest.approx(duration, abs=1e-8)
    assert forward["values"]["WAL@BASE"] is None
    assert forward["reasons"]["WAL@BASE"] == "does not apply to FX_FWD"


def test_ratio_over_nothing_positive_has_a_reason_instead(files: dict[str, Path]) -> None:
    positions = json.loads(files["instruments"].read_text())
    positions[1]["state"]["side"] = "LIABILITY"
    files["instruments"].write_text(json.dumps(positions[1:2]))
    done = run("value", files["instruments"], files["market"], "--measures", "SPREAD_DURATION")
    assert "none  PV is not positive" in done.stdout


def test_value_beyond_64_bits_is_an_error_of_its_position(files: dict[str, Path]) -> None:
    positions = json.loads(files["instruments"].read_text())
    positions[0]["terms"] = {**LOAN_TERMS, "original_principal": "1e14"}
    positions[1]["terms"] = {**BOND_TERMS, "maturity_date": "2115-02-15"}
    positions[1]["state"] = {"quantity": "1000000", "spread": "-1"}
    files["instruments"].write_text(json.dumps(positions))
    done = run("value", files["instruments"], files["market"], "--measures", "PV", "--json")
    assert done.returncode == 1
    rows = json.loads(done.stdout)
    assert [row["status"] for row in rows] == ["ERROR", "ERROR", "VALUED"]
    assert {row["error"]["code"] for row in rows[:2]} == {"OVERFLOW"}
    assert rows[0]["error"]["cell"] == "PV@BASE"


def test_market_of_another_day_is_refused_unless_its_age_is_allowed(
    files: dict[str, Path],
) -> None:
    command = ("value", files["instruments"], files["market"], "--measures", "PV")
    stale = (*command, "--valuation-date", "2023-01-03")
    done = run(*stale)
    assert done.returncode == 2
    assert "the market is of 2022-12-30, 4 days before" in done.stderr
    assert run(*stale, "--allow-stale-days", "4").returncode == 0
    done = run(*command, "--valuation-date", "2022-12-29", "--allow-stale-days", "4")
    assert done.returncode == 2
    assert "before the market's day" in done.stderr
    done = run(*command, "--valuation-date", "2299-01-01", "--allow-stale-days", "200000")
    assert done.returncode == 2
    assert "outside 1900 to 2199" in done.stderr


def test_name_that_cannot_be_printed_is_escaped(files: dict[str, Path]) -> None:
    positions = json.loads(files["instruments"].read_text())
    positions[0]["position_id"] = "\ud800"
    files["instruments"].write_text(json.dumps(positions))
    done = run("value", files["instruments"], files["market"], "--measures", "PV")
    assert done.returncode == 0, done.stderr
    assert "\\ud800" in done.stdout


@pytest.mark.parametrize("product_type", ["AMORT_LOAN", "FIXED_BOND", "FX_FWD"])
def test_schema_says_what_a_position_must_carry(product_type: str) -> None:
    schema = json.loads(run("schema", product_type).stdout)
    state = schema["properties"]["state"]
    assert ("state" in schema["required"]) is (product_type != "FX_FWD")
    assert state["required"] == (["quantity"] if product_type == "FIXED_BOND" else [])
    if product_type == "AMORT_LOAN":
        rate = schema["properties"]["terms"]["properties"]["rate"]
        assert (rate["minimum"], rate["maximum"]) == (-0.99, 1.0)


def test_example_of_the_guide_is_valued(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "library.md").read_text(encoding="utf-8")
    positions, market = re.findall(r"```json\n(.*?)```", guide, flags=re.DOTALL)
    (tmp_path / "positions.json").write_text(positions)
    (tmp_path / "market.json").write_text(market)
    files = tmp_path / "positions.json", tmp_path / "market.json"
    done = run("value", *files, "--measures", "PV,DV01,WAL", "--json")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)[0]["values"]
    assert 300_000 < float(values["PV@BASE"]) < 400_000
    assert 5 < float(values["WAL@BASE"]) < 15
    assert run("cashflows", *files).returncode == 0
