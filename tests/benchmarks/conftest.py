"""One installation, one book and one run, which the benchmarks of the whole path share."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.benchmarks import installation as installations
from tests.benchmarks.installation import Book, Installation, Valued

POSITIONS = int(os.environ.get("TIEOUT_BENCH_POSITIONS", "100000"))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Figures are for reading: what a benchmark prints is not captured."""
    capture = pyfuncitem.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return (yield)


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """A durable server on disk; a skip where the CPU of processes cannot be read."""
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("needs /proc, which only Linux has")
    with installations.installed() as found:
        yield found


@pytest.fixture(scope="session")
def book(installation: Installation) -> Book:
    """TIEOUT_BENCH_POSITIONS loans, ingested."""
    return installations.ingest(installation, POSITIONS)


@pytest.fixture(scope="session")
def valued(installation: Installation, book: Book) -> Valued:
    """The run of the book."""
    return installations.value(installation, book)
