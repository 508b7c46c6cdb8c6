"""Settings of the worker processes that tests start: the real ones with made-up pricing."""

import os

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.pipeline"]

VALUE_ONLY = {
    "CONTEXT": [],
    "VALUE": ["tests.pipeline.stages.MadeUpPricing"],
    "GROUP": [],
}
ALL_PHASES = {
    "CONTEXT": ["tests.pipeline.stages.RankContext"],
    "VALUE": ["tests.pipeline.stages.MadeUpPricing"],
    "GROUP": ["tests.pipeline.stages.BookTotals"],
}
TIEOUT_STAGES = VALUE_ONLY if os.environ.get("TIEOUT_TEST_VALUE_ONLY") else ALL_PHASES
TIEOUT_SINK = "tests.pipeline.sink.PausingSink"
TIEOUT_FINALISERS = [
    "apps.result.finalisers.RollupFinaliser",
    "tests.pipeline.finaliser.PausingFinaliser",
]
