"""What an import is asked for, checked before its rows are read: nothing is ignored."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError

from apps.ingestion.contracts.fields import FIRST_DATE, LAST_DATE, ONE_LINE
from apps.ingestion.outcome import Request
from apps.ingestion.problems import ImportRefused

DATED = ("positions", "marketdata", "fixings", "tape")
"""The kinds that are of a day. The others take `--as-of` too, so that one loop may load a night's
files, and say that they keep no day."""

TAKERS = {
    "snapshot": ("positions", "marketdata", "fixings", "histories", "scenarios", "tape"),
    "profile": ("tape",),
    "reject_file": ("tape",),
}
"""Which kinds each other option means something to."""

_CODE = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)
_NAME: TypeAdapter[str] = TypeAdapter(
    Annotated[str, StringConstraints(pattern=ONE_LINE, min_length=1, max_length=100, strict=True)]
)


def check(request: Request) -> None:
    """Refuse options that the kind has no use for, and values that none could take."""
    for option, kinds in TAKERS.items():
        if getattr(request, option) is not None and request.kind not in kinds:
            field = "--" + option.replace("_", "-")
            expected = f"this option only for {', '.join(kinds)}"
            raise ImportRefused.because("CONFLICT", expected, request.kind, field=field)
    if request.as_of is not None and not FIRST_DATE <= request.as_of.isoformat() <= LAST_DATE:
        expected = f"a date from {FIRST_DATE} to {LAST_DATE}"
        raise ImportRefused.because("RANGE", expected, request.as_of, field="--as-of")
    if request.snapshot is not None:
        name(request.snapshot, "--snapshot")


def name(value: Any, field: str) -> str:
    """Return a name for people, or refuse what is none."""
    try:
        return _NAME.validate_python(value)
    except ValidationError:
        expected = "1 to 100 characters on one line"
        raise ImportRefused.because("TYPE", expected, value, field=field) from None


def identifier(value: object, field: str) -> str:
    """Return a code, or refuse what is none."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        expected = "1 to 64 characters of A-Z a-z 0-9 . _ : / -"
        raise ImportRefused.because("IDENTIFIER", expected, value, field=field)
    return value
