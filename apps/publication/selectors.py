"""Reading publications."""

from __future__ import annotations

from collections.abc import Iterable

from apps.publication.models import PublishedRun


def publication(run: int) -> PublishedRun | None:
    """Return the publication of a run, None while it has none."""
    return PublishedRun.objects.filter(run_id=run).first()


def publications(runs: Iterable[int]) -> dict[int, PublishedRun]:
    """Return the publications of several runs by run, in one query."""
    found = PublishedRun.objects.filter(run_id__in=list(runs)).select_related("supersedes")
    return {published.run_id: published for published in found}


def superseded_by(run: int) -> int | None:
    """Return the run whose publication replaces that of `run`, None while it stands."""
    found = PublishedRun.objects.filter(supersedes__run_id=run).first()
    return None if found is None else found.run_id
