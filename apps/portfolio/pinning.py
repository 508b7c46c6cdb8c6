"""What a book of positions refers to, in the versions that are current: found, ordered, pinned."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from operator import itemgetter
from pathlib import Path
from typing import Any

from apps.instrument import selectors as instruments
from apps.instrument.selectors import PinnedCounterparty, PinnedFacility, PinnedTerms
from apps.portfolio import blocks
from apps.portfolio.blocks import Members
from apps.portfolio.dimensions import Dimension
from apps.portfolio.documents import PositionContent
from foundation import hashing, sqlfiles
from foundation.textcopy import Cursor

SQL = sqlfiles.load(Path(__file__).parent / "sql")

_IDENTIFIER = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)
_CONTROL_DIGITS = 200


class SnapshotError(ValueError):
    """The positions cannot make a snapshot; nothing was written."""


@dataclass(frozen=True, slots=True)
class PinnedBook:
    """The positions in canonical order, and what they refer to."""

    positions: list[PositionContent]
    keys: list[tuple[int, str]]
    terms: Mapping[str, PinnedTerms]
    counterparties: Mapping[str, PinnedCounterparty]
    facilities: Mapping[str, PinnedFacility]
    tree_hash: bytes
    members: Members
    control: dict[str, dict[str, Any]]

    def obligor(self, position: PositionContent) -> tuple[str | None, PinnedCounterparty | None]:
        """Return the obligor of a position, else the issuer, and its pinned version."""
        code = position.obligor or self.terms[position.instrument].issuer
        return code, None if code is None else self.counterparties[code]

    def facility(self, position: PositionContent) -> PinnedFacility | None:
        """Return the pinned version of the facility a position is drawn under."""
        return None if position.facility is None else self.facilities[position.facility]


def read(cursor: Cursor, positions: Sequence[PositionContent], tree_id: int) -> PinnedBook:
    """Return the positions in canonical order with the versions they pin, or SnapshotError."""
    cursor.execute(SQL["tree_hash"], {"tree": tree_id})
    tree = cursor.fetchone()
    if tree is None:
        raise SnapshotError(f"there is no tree {tree_id}")
    cursor.execute(SQL["tree_books"], {"tree": tree_id})
    books = {code: node for code, node, kind in cursor.fetchall() if kind == "BOOK"}
    _check_ids(positions)
    _require("book", {p.book for p in positions}, books)
    codes = {p.instrument for p in positions}
    terms = instruments.pinned_terms(cursor, codes)
    _require("instrument", codes, terms)
    named = (p.obligor or terms[p.instrument].issuer for p in positions)
    obligors = {code for code in named if code is not None}
    counterparties = instruments.pinned_counterparties(cursor, obligors)
    _require("obligor", obligors, counterparties)
    under = {p.facility for p in positions if p.facility is not None}
    facilities = instruments.pinned_facilities(cursor, under)
    _require("facility", under, facilities)
    keyed = sorted(
        (
            (
                books[p.book],
                terms[p.instrument].product_type,
                hashlib.sha256(p.position_id.encode()).digest(),
                p,
            )
            for p in positions
        ),
        key=itemgetter(0, 1, 2),
    )
    members = Members(
        {
            Dimension.PRODUCT_TYPE: {t.product_type for t in terms.values()},
            Dimension.CURRENCY: {t.currency for t in terms.values()},
            Dimension.SECTOR: {c.sector for c in counterparties.values()},
            Dimension.RATING: {c.rating for c in counterparties.values()},
            Dimension.COUNTRY: {c.country for c in counterparties.values()},
            Dimension.COUNTERPARTY_GROUP: {c.group for c in counterparties.values()},
            Dimension.TAG: {p.tag or "" for p in positions},
        }
    )
    return PinnedBook(
        [key[3] for key in keyed],
        [key[:2] for key in keyed],
        terms,
        counterparties,
        facilities,
        bytes(tree[1]),
        members,
        _control(positions, terms),
    )


def _check_ids(positions: Sequence[PositionContent]) -> None:
    if not positions:
        raise SnapshotError("there is no position")
    ids = [position.position_id for position in positions]
    if len(set(ids)) != len(ids):
        twice = next(code for code, count in Counter(ids).items() if count > 1)
        raise SnapshotError(f"position {twice} appears twice")
    links = {(p.legal_entity, p.instrument, p.obligor or p.instrument) for p in positions}
    for text in (*ids, *{code for link in links for code in link}):
        if not _IDENTIFIER.fullmatch(text):
            raise SnapshotError(f"{text[:80]!r} is no identifier")


def _require(what: str, wanted: set[str], known: Mapping[str, Any]) -> None:
    missing = sorted(wanted - known.keys())
    if missing:
        shown = ", ".join(missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise SnapshotError(f"no such {what}: {shown}{more}")


def _control(
    positions: Sequence[PositionContent], terms: Mapping[str, PinnedTerms]
) -> dict[str, dict[str, Any]]:
    states: dict[str, list[Mapping[str, Any]]] = {}
    for position in positions:
        states.setdefault(terms[position.instrument].currency, []).append(position.state)
    with localcontext(prec=_CONTROL_DIGITS):
        return {
            currency: {
                "count": len(held),
                **{
                    name: hashing.decimal_text(
                        sum((blocks.decimal(state.get(name)) for state in held), Decimal(0))
                    )
                    for name in ("outstanding_principal", "quantity")
                },
            }
            for currency, held in states.items()
        }
