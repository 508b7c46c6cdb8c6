"""Facilities: headers and sealed versions, faults by line and field, and what positions pin."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from django.db import connection, transaction

from apps.ingestion import services
from apps.ingestion.outcome import Request
from apps.ingestion.problems import ImportRefused
from apps.ingestion.readers import source
from apps.instrument.models import Facility, FacilityVersion
from apps.portfolio import selectors
from apps.portfolio import services as portfolio
from apps.portfolio.models import Position
from apps.portfolio.pinning import SnapshotError
from foundation import hashing
from tests.integration.ingestion import small_book as book

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]

AGREEMENT: dict[str, Any] = {
    "code": "RCF-1",
    "name": "Revolving credit agreement",
    "obligor": "CP1",
    "kind": "REVOLVER",
    "currency": "USD",
    "commitment": "50000000.00",
    "total_facility_amount": 200000000,
    "agreement_date": "2021-03-10",
    "effective_date": "2021-03-15",
    "maturity_date": "2026-03-15",
    "unconditionally_cancellable": False,
    "seniority": "SENIOR_SECURED",
    "secured": True,
    "fees": [
        {"kind": "COMMITMENT", "rate": "0.00375", "day_count": "ACT/360"},
        {"kind": "UTILISATION", "rate": 0.0010, "above": "0.33"},
        {"kind": "AGENCY", "amount": "50000"},
    ],
    "rate_options": [
        {
            "code": "TERM-SOFR",
            "index": "TERM_SOFR_3M",
            "floor": "0.005",
            "margin_test": "LEVERAGE",
            "margin_grid": [
                {"above": "0", "margin": "0.0225"},
                {"above": "3.5", "margin": "0.0275"},
            ],
        },
        {"code": "BASE", "index": "PRIME", "margin": "0.0125"},
    ],
    "elections": [
        {"option": "TERM-SOFR", "amount": "20000000", "starts": "2022-12-15", "ends": "2023-03-15"}
    ],
    "borrowing_base": {"amount": "45000000", "as_of": "2022-11-30", "advance_rate": "0.8"},
    "prepayment": {"penalties": [{"until": "2023-03-15", "share": "0.01"}]},
    "extension_options": [{"maturity_date": "2027-03-15", "fee": "0.0015", "notice_days": "60"}],
    "covenants": [
        {"kind": "NET LEVERAGE", "operator": "MAX", "threshold": "4.5", "tested": "QUARTERLY"}
    ],
}  # fmt: skip
LETTERS: dict[str, Any] = {
    "code": "RCF-1-LC", "obligor": "CP1", "kind": "LC", "parent": "RCF-1", "currency": "USD",
    "commitment": "10000000",
}  # fmt: skip


def load(*rows: dict[str, Any], **options: Any) -> Any:
    text = "\n".join(json.dumps(row) for row in rows)
    request = Request(
        kind="facilities", source=source.from_bytes("f.jsonl", text.encode()), **options
    )
    return services.ingest(request, actor="test")


def faults(*rows: dict[str, Any]) -> list[tuple[str, int | None, str]]:
    before = Facility.objects.count(), FacilityVersion.objects.count()
    with pytest.raises(ImportRefused) as refused:
        load(*rows)
    assert (Facility.objects.count(), FacilityVersion.objects.count()) == before
    return [(p.code, p.line, p.field) for p in refused.value.problems]


@pytest.fixture
def bank() -> None:
    book.make_reference()


def test_a_facility_is_a_header_and_a_sealed_version_of_its_canonical_text(bank):
    outcome = load(LETTERS, AGREEMENT)  # a sublimit may stand before its parent
    assert (outcome.created, outcome.rows) == (2, 2)
    row = Facility.objects.get(code="RCF-1")
    assert row.obligor.code == "CP1"
    assert row.commitment == 50_000_000
    assert row.details["fees"][1] == {"kind": "UTILISATION", "rate": "0.001", "above": "0.33"}
    assert Facility.objects.get(code="RCF-1-LC").parent == row
    version = FacilityVersion.objects.get(pk=row.current_version_id)
    document = json.loads(version.document)
    assert hashing.canonical(document) == version.document
    assert hashing.sha256(version.document) == bytes(version.content_hash)
    assert document["commitment"] == "50000000"
    assert document["covenants"][0]["threshold"] == "4.5"


def test_the_same_facility_again_is_unchanged_and_another_content_another_version(bank):
    load(AGREEMENT)
    again = load(AGREEMENT)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 1)
    changed = load({**AGREEMENT, "commitment": "60000000"})
    assert (changed.created, changed.changed) == (0, 1)
    assert FacilityVersion.objects.count() == 2
    back = load(AGREEMENT)
    assert back.changed == 1
    assert FacilityVersion.objects.count() == 2


def test_a_dry_run_writes_nothing(bank):
    assert load(AGREEMENT, dry_run=True).created == 1
    assert not Facility.objects.exists()


@pytest.mark.parametrize(
    ("_case", "change", "code", "field"),
    [
        ("no_obligor", {"obligor": None}, "REQUIRED", "obligor"),
        ("unknown_obligor", {"obligor": "NOBODY"}, "REFERENCE", "obligor"),
        ("unknown_kind", {"kind": "OVERNIGHT"}, "CHOICE", "kind"),
        ("unknown_currency", {"currency": "XXQ"}, "CURRENCY", "currency"),
        ("commitment_negative", {"commitment": "-1"}, "RANGE", "commitment"),
        ("commitment_text", {"commitment": "many"}, "NUMBER", "commitment"),
        ("commitment_too_large", {"commitment": "1e17", "total_facility_amount": None}, "OVERFLOW",
         "commitment"),
        ("whole_below_part", {"total_facility_amount": "1"}, "CONFLICT", "total_facility_amount"),
        ("dates", {"maturity_date": "2020-01-01"}, "DATE_ORDER", "maturity_date"),
        ("no_such_day", {"maturity_date": "2026-02-30"}, "DATE", "maturity_date"),
        ("own_parent", {"parent": "RCF-1"}, "CYCLE", "parent"),
        ("unknown_parent", {"parent": "RCF-9"}, "REFERENCE", "parent"),
        ("unknown_field", {"colour": "red"}, "HEADER_UNKNOWN", "colour"),
        ("secured_text", {"secured": "yes"}, "TYPE", "secured"),
        ("fee_of_both", {"fees": [{"kind": "AGENCY", "rate": "0.1", "amount": "1"}]}, "CONFLICT",
         "rate"),
        ("fee_unknown", {"fees": [{"kind": "CLOSING", "rate": "0.1"}]}, "CHOICE", "fees.0.kind"),
        ("fee_field", {"fees": [{"kind": "AGENCY", "amount": "1", "x": "1"}]}, "HEADER_UNKNOWN",
         "fees.0.x"),
        ("threshold", {"fees": [{"kind": "AGENCY", "amount": "1", "above": "0.5"}]}, "CONFLICT",
         "above"),
        ("option_without_margin", {"rate_options": [{"code": "A", "index": "SOFR"}],
         "elections": None}, "CONFLICT", "margin"),
        ("option_twice", {"rate_options": [{"code": "A", "rate": "0.05"}] * 2, "elections": None},
         "DUPLICATE", "rate_options"),
        ("election_of_nothing", {"rate_options": None}, "REFERENCE", "elections"),
        ("penalties", {"prepayment": {"penalties": [{"until": "2024-01-01", "share": "0.02"},
         {"until": "2023-01-01", "share": "0.01"}]}}, "DATE_ORDER", "penalties"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_line_and_field_and_nothing_is_written(
    bank, _case, change, code, field
):
    good = {**AGREEMENT, "code": "RCF-0"}
    found = faults(good, {**AGREEMENT, **change})
    assert len(found) == 1
    assert (found[0][0], found[0][1], found[0][2]) == (code, 2, field)


def test_a_sublimit_is_no_more_than_the_whole_and_parents_form_no_circle(bank):
    load(AGREEMENT, LETTERS)
    assert faults({**LETTERS, "commitment": "50000001"}) == [("CONFLICT", 1, "commitment")]
    assert ("CYCLE", 1, "parent") in faults({**AGREEMENT, "parent": "RCF-1-LC"})


def test_versions_of_facilities_stand_still(bank):
    load(AGREEMENT)
    with (
        pytest.raises(Exception, match=r"sealed|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE facility_version SET document = '{}'")


def held(code: str | None) -> list[Any]:
    positions = book.positions()
    positions[3] = dataclasses.replace(positions[3], facility=code)
    return positions


def create(positions: list[Any]) -> Any:
    return portfolio.create_position_snapshot(as_of=book.AS_OF, name="test", positions=positions)


def test_a_position_pins_the_version_of_its_facility(bank):
    load(AGREEMENT)
    without, within = create(held(None)), create(held("RCF-1"))
    assert without.content_hash != within.content_hash
    version = FacilityVersion.objects.get()
    row = Position.objects.get(snapshot_id=within.snapshot_id, facility="RCF-1")
    document = json.loads(row.document)
    assert row.facility_version_id == version.pk
    assert document["facility"] == "RCF-1"
    assert document["facility_version"] == bytes(version.content_hash).hex()
    assert "facility" not in document["state"]
    load({**AGREEMENT, "commitment": "60000000"})
    with connection.cursor() as cursor:
        recomputed = selectors.recompute_snapshot_hash(cursor, within.snapshot_id)
    assert recomputed == within.content_hash
    assert create(held("RCF-1")).content_hash != within.content_hash


def test_a_position_of_no_facility_has_the_document_it_always_had(bank):
    written = create(book.positions())
    documents = Position.objects.filter(snapshot_id=written.snapshot_id)
    assert not any("facility" in row.document for row in documents)


def test_a_facility_that_does_not_exist_is_no_link(bank):
    with pytest.raises(SnapshotError, match="no such facility: RCF-9"):
        create(held("RCF-9"))
