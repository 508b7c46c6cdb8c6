"""The worked examples of the method page are what the library says."""

import doctest
import re
from pathlib import Path

from pricing.capital import rulebook

PAGE = Path(__file__).parents[4] / "docs" / "methods" / "capital.md"


def test_example_is_what_the_library_says() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 10
    assert failed == 0


def test_page_names_every_rulebook_but_the_years_of_a_transition() -> None:
    page = PAGE.read_text("utf-8")
    named = set(re.findall(r"`([a-z0-9._]+@[0-9-]+)`", page))
    for one in rulebook.bundled():
        assert one.label in named or one.name == "basel3.output_floor"
