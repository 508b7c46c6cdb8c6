"""Every published case stands in docs/methods/published.md, and every listed one in a folder."""

import json
import re
from pathlib import Path

import pytest

from pricing.products.registry import PRODUCTS
from tests.golden.page import KEPT, PAGE, with_differences
from tests.golden.reached import ADDED, counted, reached

FOLDER = Path(__file__).parent
GOLDEN = FOLDER.parents[2] / "shared" / "golden"
UNREACHED = "that no product reaches"


def test_cases_of_the_page_are_those_of_the_folders() -> None:
    reached = PAGE.read_text(encoding="utf-8").partition(UNREACHED)[0]
    first_columns = [line.split("|")[1] for line in reached.splitlines() if line.startswith("| `")]
    listed = re.findall(r"`([^`]+)`", " ".join(first_columns))
    files = sorted(path.stem for path in FOLDER.glob("*/*.json"))
    assert sorted(listed) == files


def test_every_case_names_its_source_and_is_read_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("test_*.py"))
    for path in FOLDER.glob("*/*.json"):
        published = json.loads(path.read_text(encoding="utf-8"))
        assert published["id"] == path.stem
        assert published["source"]
        assert published["licence"]
        assert f'"{path.stem}"' in tests, path.stem


def test_page_says_how_near_the_library_comes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_differences(page, json.loads(KEPT.read_text(encoding="utf-8"))) == page


def test_page_counts_the_cases_of_every_product() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    for name in PRODUCTS:
        (row,) = [[cell.strip() for cell in row] for row in rows if row[0].strip() == name]
        assert tuple(row[1:3]) == counted(name), name
        # A second oracle, its difference, and a tolerance with its reason.
        assert len(row) == 6
        assert all(row[3:]), row


def test_case_of_every_product_is_read_by_a_test_of_it() -> None:
    tests = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("test_*.py")}
    for name in PRODUCTS:
        of_product = "".join(text for text in tests.values() if f'"{name}"' in text)
        for one in reached(name):
            assert f'"{one}' in of_product, (name, one)


def test_every_golden_case_is_reached_or_the_page_says_why_not() -> None:
    if not GOLDEN.exists():
        pytest.skip("the golden collection is not beside the project")
    golden = {entry["id"] for entry in json.loads((GOLDEN / "index.json").read_text())}
    golden |= {path.stem for path in (GOLDEN / "cases").glob("*.json")}
    ours = {path.stem for path in FOLDER.glob("*/*.json")}
    tail = PAGE.read_text(encoding="utf-8").partition(UNREACHED)[2]
    named = [line.split("|")[1] for line in tail.splitlines() if line.startswith("| `")]
    unreached = set(re.findall(r"`([^`]+)`", " ".join(named)))
    assert golden - ours == unreached
    assert ours - golden == ADDED
