"""A run of every product through real workers: the demo's book, one result however it is done."""

import json
import time

import pytest

from fixtures.book.failing import CASES
from fixtures.book.plan import plan
from fixtures.write import write
from pricing.products.registry import PRODUCTS
from tests.acceptance.run.site import Site
from tests.pipeline.figures import figures as figures
from tests.pipeline.figures import scale as scale

SCENARIOS = 50


_OF_STATUS = (
    "SELECT p.position_id, v.error FROM valuation v JOIN run r ON r.run_id = v.run"
    " JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position"
    " WHERE v.run = %s AND v.block = 0 AND v.status {}"
)


def _lines(path):
    return map(json.loads, path.with_suffix(".jsonl").read_text().splitlines())


@pytest.fixture
def site(database):
    return Site(database.connect, database.environment)


def test_a_book_of_every_product_has_one_result_under_any_number_of_workers(
    site, tmp_path, scale, figures
):
    positions = scale(120, 20_000)
    write(tmp_path, positions)
    began = time.monotonic()
    loaded = site.last_line("demo_load", str(tmp_path))["loaded"]
    inputs = [
        *("--positions", str(loaded["positions"])),
        *("--market", str(loaded["market"])),
        *("--scenarios", str(loaded["scenarios"])),
    ]
    found, seconds = [], {"files": round(time.monotonic() - began, 1)}
    for workers in scale((1, 2), (1, 2, 4)):
        run = site.submit(inputs, "--force")
        began = time.monotonic()
        site.run("worker", "--processes", str(workers), "--drain")
        seconds[f"{workers} workers"] = round(time.monotonic() - began, 1)
        found.append(site.totals(run))
    assert all(each == found[0] for each in found)

    ((status, result_hash, valued, errors),) = found[0][0]
    assert status == "COMPLETED_WITH_ERRORS"
    assert valued + errors == positions
    assert errors == plan(positions).failing
    ((scenarios,),) = site.rows("SELECT count(DISTINCT scenario) FROM run_axis WHERE run = %s", run)
    assert scenarios >= SCENARIOS
    failed = site.rows(_OF_STATUS.format("<> 0"), run)
    assert all(position.startswith("FAIL-") for position, _ in failed)
    codes = {json.loads(error)["code"] for _, error in failed}
    assert codes == {case.code for case in CASES[: plan(positions).failing]}
    products = {line["code"]: line["product_type"] for line in _lines(tmp_path / "instruments")}
    held = {line["position_id"]: line["instrument"] for line in _lines(tmp_path / "positions")}
    covered = {products[held[p]] for p, _ in site.rows(_OF_STATUS.format("= 0"), run)}
    assert covered == set(PRODUCTS)
    figures |= {
        "positions": positions,
        "scenarios": scenarios,
        "seconds": seconds,
        "result_hash": result_hash.hex(),
        "valued": valued,
        "errors": errors,
        "products": len(covered),
    }
