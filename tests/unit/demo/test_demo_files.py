"""The demo as files: every file there, one record a line, the same bytes each time."""

from __future__ import annotations

import csv
import json
from dataclasses import astuple
from pathlib import Path

from fixtures.write import write


def test_every_file_is_written_and_counted(tmp_path: Path) -> None:
    heard: list[int] = []
    files = write(tmp_path, 60, advance=heard.append)
    assert sum(heard) == 60
    assert len(files.positions.read_text().splitlines()) == 60
    assert all(path.is_file() for path in astuple(files))
    with files.portfolios.open() as lines:
        assert next(csv.DictReader(lines))["parent"] == ""


def test_an_instrument_of_several_positions_stands_once(tmp_path: Path) -> None:
    files = write(tmp_path, 1_000)
    codes = [json.loads(line)["code"] for line in files.instruments.read_text().splitlines()]
    assert len(codes) == len(set(codes))
    held = [json.loads(line)["instrument"] for line in files.positions.read_text().splitlines()]
    assert set(held) == set(codes)
    assert len(held) > len(codes)


def test_the_same_demo_has_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", 200), write(tmp_path / "b", 200)
    for one, other in zip(astuple(first), astuple(second), strict=True):
        assert one.read_bytes() == other.read_bytes()
