"""The key that signs sessions on a developer's machine."""

import os
import secrets
from pathlib import Path


def development_key(folder: Path) -> str:
    """The random key kept in `folder`, made when there is none: never for a deployment.

    Of several processes that start at once on a new checkout one makes it, and none reads it
    half written: it appears under its name whole.
    """
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        scratch = folder / f".secret_key-{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(64))
        try:
            os.link(scratch, path)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.read_text()
