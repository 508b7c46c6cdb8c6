"""A figure that is refused: a code from a closed list, the place and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class Refusal(ValueError):
    """A figure cannot be formed from what was given; `place` names where.

    A library names its codes and what each means in `codes`; another code is a KeyError.
    """

    codes: ClassVar[Mapping[str, str]]

    def __init__(self, code: str, place: str, message: str) -> None:
        if code not in self.codes:
            raise KeyError(f"unknown code {code} of {type(self).__name__}")
        super().__init__(f"{place}: {message}")
        self.code = code
        self.place = place
