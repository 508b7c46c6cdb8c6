"""What a position's values were computed from: sealed versions, by content and by hash."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON

from apps.instrument.models import CounterpartyVersion, FacilityVersion, InstrumentTerms
from apps.portfolio.models import Position
from graph.declare import object_type
from graph.documents import document


@object_type()
class PositionInputs:
    """The position's row of the snapshot, and the versions of reference data that it names."""

    row: strawberry.Private[Position]
    row_hash: str

    @strawberry.field
    def state(self) -> JSON:
        """The row: what was true that night, and the hashes it pins. Its sha256 is `rowHash`."""
        return document(self.row.document)

    @strawberry.field
    def terms(self) -> JSON | None:
        """What the contract says, in the version that was pinned."""
        text = _text(InstrumentTerms, self.row.terms_id)
        return document(text) if text else None

    @strawberry.field
    def counterparty(self) -> JSON | None:
        """The counterparty in the version that was pinned."""
        version = self.row.counterparty_version_id
        text = _text(CounterpartyVersion, version) if version is not None else None
        return document(text) if text else None

    @strawberry.field
    def facility(self) -> JSON | None:
        """The facility it is drawn under in the version that was pinned."""
        version = self.row.facility_version_id
        text = _text(FacilityVersion, version) if version is not None else None
        return document(text) if text else None


def resolve(snapshot: int, ordinal: int) -> PositionInputs:
    """Return the inputs of a position that the user was shown already."""
    row = Position.objects.get(snapshot_id=snapshot, ordinal=ordinal)
    return PositionInputs(row=row, row_hash=bytes(row.row_hash).hex())


def _text(
    model: type[InstrumentTerms] | type[CounterpartyVersion] | type[FacilityVersion], pk: int
) -> str | None:
    return model.objects.filter(pk=pk).values_list("document", flat=True).first()
