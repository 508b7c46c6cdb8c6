"""Every published case stands in docs/methods/published.md, and every listed one in a folder."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "methods" / "published.md"


def test_cases_of_the_page_are_those_of_the_folders() -> None:
    reached = PAGE.read_text(encoding="utf-8").partition("that no product reaches yet")[0]
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
