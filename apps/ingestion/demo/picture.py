"""The summary as a picture for a page: an SVG that needs no font and no network."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, RenderableType

WIDTH = 148
"""Characters of a line: two tables side by side."""

_FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)


def export(renderable: RenderableType, path: Path, *, title: str) -> None:
    """Write what a terminal would show to an SVG file."""
    console = Console(file=io.StringIO(), record=True, width=WIDTH, force_terminal=True)
    console.print(renderable)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The fonts of the template would be fetched from a server: the reader's own will do.
    template = _FONT_FACES.sub("", CONSOLE_SVG_FORMAT)
    path.write_text(console.export_svg(title=title, code_format=template, unique_id="tieout"))
