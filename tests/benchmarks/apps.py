"""The app that puts a meter into a worker process of the benchmarks."""

from pathlib import Path

from django.apps import AppConfig


class BenchmarksConfig(AppConfig):
    """Everything a worker does is the real thing; only what it took is counted."""

    name = "tests.benchmarks"
    label = "tests_benchmarks"
    path = str(Path(__file__).parent)

    def ready(self) -> None:
        from tests.benchmarks import meter

        meter.install()
