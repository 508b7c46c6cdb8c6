"""The app that puts a made-up book and the pauses into a worker process of the tests."""

from django.apps import AppConfig


class PipelineConfig(AppConfig):
    """Replaces the loading of positions; everything else of a worker is the real thing."""

    name = "tests.pipeline"
    label = "tests_pipeline"

    def ready(self) -> None:
        from tests.pipeline import install

        install.in_this_process()
