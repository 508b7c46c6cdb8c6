"""The pipeline of a run, resolved from the dotted paths in the settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from apps.run.contracts import (
    CellSpec,
    ContextStage,
    Finaliser,
    GroupStage,
    Refusing,
    RunRequest,
    Sink,
    Stage,
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a run calls: stages per phase in order, the sink, and the finalisers in order."""

    context: tuple[ContextStage, ...]
    value: tuple[Stage, ...]
    group: tuple[GroupStage, ...]
    sink: Sink
    finalisers: tuple[Finaliser, ...]

    @property
    def phases(self) -> list[str]:
        """The phases that a run passes through: those that have something to do."""
        optional = {"CONTEXT": self.context, "GROUP": self.group}
        every = ("CONTEXT", "VALUE", "GROUP", "FINALISE")
        return [phase for phase in every if optional.get(phase, True)]

    def axis(self, request: RunRequest) -> list[CellSpec]:
        """Return the cells of a run: those of its VALUE stages, one stage after the other."""
        return [cell for stage in self.value for cell in stage.cells(request)]

    def refuse(self, request: RunRequest) -> None:
        """Raise the SubmitError of the first finaliser that could not do its part."""
        for finaliser in self.finalisers:
            if isinstance(finaliser, Refusing):
                finaliser.refuse(request)


@lru_cache(maxsize=1)
def configured() -> Pipeline:
    """Return the pipeline of the settings, made once per process."""
    stages = settings.TIEOUT_STAGES
    return Pipeline(
        context=tuple(_made(path) for path in stages["CONTEXT"]),
        value=tuple(_made(path) for path in stages["VALUE"]),
        group=tuple(_made(path) for path in stages["GROUP"]),
        sink=_made(settings.TIEOUT_SINK),
        finalisers=tuple(_made(path) for path in settings.TIEOUT_FINALISERS),
    )


def _made(path: str) -> Any:
    return import_string(path)()
