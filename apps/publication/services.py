"""Publishing: a finished run becomes final, its seal is stored and written to a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from apps.publication import manifest
from apps.publication.manifest import SQL, Manifest, NotSealable, Signature
from apps.publication.models import PublishedRun

PUBLISHABLE = ("COMPLETED", "COMPLETED_WITH_ERRORS")


class NotPublishable(ValueError):
    """The run is not finished, or what it is to replace cannot be replaced."""


def publish(
    run: int,
    *,
    by: str,
    reason: str = "",
    supersedes: int | None = None,
    manifest_dir: Path | None = None,
) -> PublishedRun:
    """Seal a completed run and return its publication; a published run returns the one it has.

    `supersedes` names a published run that this one replaces. The manifest is read before the
    run is locked (a completed run no longer changes), so that publications racing for one run
    wait for milliseconds; exactly one of them is made. It is then written to
    `manifest_dir`/run-N.manifest.json, byte for byte the text that was hashed.
    """
    found = PublishedRun.objects.filter(run_id=run).first()
    if found is None:
        found = _publish(run, by, reason, supersedes)
    write_manifest(found, manifest_path(run, manifest_dir))
    return found


def _publish(run: int, by: str, reason: str, supersedes: int | None) -> PublishedRun:
    replaced = _replaced(run, supersedes)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SQL["patience"])
        _check(cursor, run)
        cursor.execute(SQL["now"])
        signature = Signature(
            by=by,
            at=cursor.fetchone()[0],
            reason=reason,
            supersedes=bytes(replaced.manifest_hash) if replaced else None,
        )
        made = _build(cursor, run, signature)
        cursor.execute(SQL["lock_run"], {"run": run})
        (status,) = cursor.fetchone()
        if status != "PUBLISHED":
            _insert(
                cursor,
                {
                    "run": run,
                    "manifest": made.text,
                    "manifest_hash": made.hash,
                    "root_hash": made.root,
                    "supersedes": replaced.pk if replaced else None,
                    "reason": reason,
                    "by": by,
                    "at": signature.at,
                },
            )
            cursor.execute(SQL["set_published"], {"run": run})
    return PublishedRun.objects.get(run_id=run)


def _build(cursor: Any, run: int, signature: Signature) -> Manifest:
    try:
        return manifest.build(cursor, run, signature)
    except NotSealable as error:
        raise NotPublishable(str(error)) from error


def _insert(cursor: Any, row: dict[str, Any]) -> None:
    try:
        cursor.execute(SQL["insert"], row)
    except IntegrityError as error:
        raise NotPublishable(f"run {row['run']} cannot be published: {error}") from error


def _check(cursor: Any, run: int) -> None:
    cursor.execute(SQL["run"], {"run": run})
    row = cursor.fetchone()
    if row is None:
        raise NotPublishable(f"there is no run {run}")
    if row[1] not in (*PUBLISHABLE, "PUBLISHED"):
        raise NotPublishable(f"run {run} is {row[1]}: only a completed run can be published")
    cursor.execute(SQL["result_hash"], {"run": run})
    (digests,) = cursor.fetchone()
    if bytes(digests) != bytes(row[14]):
        raise NotPublishable(f"run {run} states a result_hash that its digests do not give")


def _replaced(run: int, supersedes: int | None) -> PublishedRun | None:
    if supersedes is None:
        return None
    if supersedes == run:
        raise NotPublishable(f"run {run} cannot replace itself")
    found = PublishedRun.objects.filter(run_id=supersedes).first()
    if found is None:
        raise NotPublishable(f"run {supersedes} is not published: it cannot be replaced")
    if PublishedRun.objects.filter(supersedes=found).exists():
        raise NotPublishable(f"run {supersedes} has been replaced already")
    return found


def manifest_path(run: int, folder: Path | None = None) -> Path:
    """Return where the manifest of a run is written, var/publications without a folder."""
    chosen = folder or Path(settings.VAR_DIR) / "publications"
    return chosen / f"run-{run}.manifest.json"


def write_manifest(published: PublishedRun, path: Path) -> Path:
    """Write the manifest as it was hashed, whole or not at all; an existing file is kept.

    The file is there to be carried away: a manifest that only the database holds proves nothing
    about the database.
    """
    text = published.manifest.encode()
    if path.exists() and path.read_bytes() == text:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(name, 0o444)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
