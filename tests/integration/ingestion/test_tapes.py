"""Foreign files through profiles: the published market files, the 41,220 loans, and rejects."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from apps.ingestion import services
from apps.ingestion.outcome import Request
from apps.ingestion.problems import ImportRefused
from apps.ingestion.readers import source
from apps.instrument.models import Counterparty, Instrument
from apps.marketdata.models import MarketDataSnapshot
from apps.portfolio import selectors
from apps.portfolio.models import Portfolio, PortfolioNode, Position

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]

AS_OF = dt.date(2022, 12, 30)
CMT = (
    "date,1M,2M,3M,4M,6M,1Y,2Y,3Y,5Y,7Y,10Y,20Y,30Y,src\n"
    "2022-12-29,4.04,4.39,4.45,4.66,4.73,4.71,4.34,4.16,3.94,3.91,3.83,4.09,3.92,x\n"
    "2022-12-30,4.12,4.41,4.42,4.69,4.76,4.73,4.41,4.22,3.99,3.96,3.88,4.14,3.97,x\n"
)
ECB = "Date,USD,JPY,HRK,SIT\n2022-12-30,1.0666,140.66,7.5365,\n2022-12-29,1.0649,142.24,7.5365,\n"


def tape(name: str, data: bytes | str, profile: str, **options):
    raw = data.encode() if isinstance(data, str) else data
    request = Request(kind="tape", source=source.from_bytes(name, raw), profile=profile, **options)
    return services.ingest(request, actor="test")


def refusals(*args, **options):
    with pytest.raises(ImportRefused) as refused:
        tape(*args, **options)
    return [(p.code, p.line, p.field) for p in refused.value.problems]


def test_curve_and_fx_of_two_files_make_one_market():
    curve = tape("cmt.csv", CMT, "cmt_daily", as_of=AS_OF, snapshot="Treasury")
    both = tape("fx.csv", ECB, "ecb_fx", as_of=AS_OF, snapshot=str(curve.ids["snapshot_id"]))
    assert both.notes == ["HRK 7.5365 is not carried: a currency since withdrawn"]
    stored = MarketDataSnapshot.objects.get(pk=both.ids["snapshot_id"])
    document = json.loads(stored.document)
    assert stored.name == "Treasury"
    assert document["discount"] == {"USD": "USD-TREASURY"}
    assert document["fx"] == [
        {"base": "EUR", "quote": "JPY", "rate": "140.66"},
        {"base": "EUR", "quote": "USD", "rate": "1.0666"},
    ]
    [treasury] = document["curves"]
    assert treasury["quotes"][0] == {"tenor": "1M", "rate": "0.0412"}
    assert len(treasury["nodes"]) == 13
    assert "US Treasury" in document["source"]
    assert "European Central Bank" in document["source"]


def test_the_other_way_round_the_market_has_the_same_parts():
    fx = tape("fx.csv", ECB, "ecb_fx", as_of=AS_OF)
    both = tape("cmt.csv", CMT, "cmt_daily", as_of=AS_OF, snapshot=str(fx.ids["snapshot_id"]))
    assert (both.details["curves"], both.details["fx"]) == (1, 2)
    again = tape("fx.csv", ECB, "ecb_fx", as_of=AS_OF, snapshot=str(both.ids["snapshot_id"]))
    assert again.ids == both.ids
    curve = tape("cmt.csv", CMT, "cmt_daily", as_of=AS_OF)
    other = tape("fx.csv", ECB, "ecb_fx", as_of=AS_OF, snapshot=str(curve.ids["snapshot_id"]))
    assert other.ids == both.ids


@pytest.mark.parametrize(
    ("text", "profile", "options", "expected"),
    [
        (CMT, "cmt_daily", {}, ("REQUIRED", None, "")),
        (CMT, "cmt_daily", {"as_of": dt.date(2022, 12, 31)}, ("NO_DATA", None, "date")),
        (CMT, "cmt_daily", {"as_of": AS_OF, "snapshot": "999999"},
         ("REFERENCE", None, "--snapshot")),
        (CMT, "cmt_daily", {"as_of": AS_OF, "reject_file": Path("r.csv")},
         ("CONFLICT", None, "--reject-file")),
        (CMT.replace("4.12", "n/a"), "cmt_daily", {"as_of": AS_OF}, ("NUMBER", 3, "1M")),
        (CMT.replace("src", "40Y"), "cmt_daily", {"as_of": AS_OF}, ("HEADER_UNKNOWN", 1, "")),
        (CMT.replace("date", "day"), "cmt_daily", {"as_of": AS_OF},
         ("HEADER_MISSING", 1, "header")),
        (ECB.replace("1.0666", "1_0"), "ecb_fx", {"as_of": AS_OF}, ("NUMBER", 2, "USD")),
        (ECB.replace("SIT", "QQQ"), "ecb_fx", {"as_of": AS_OF}, ("HEADER_UNKNOWN", 1, "")),
        (ECB.replace("12-29", "12-30"), "ecb_fx", {"as_of": AS_OF}, ("DUPLICATE", 3, "")),
    ],
)  # fmt: skip
def test_market_tapes_that_are_at_fault_are_refused(text, profile, options, expected):
    assert expected in refusals("tape.csv", text, profile, **options)
    assert not MarketDataSnapshot.objects.exists()


def test_a_market_of_another_day_is_not_built_on():
    first = tape("cmt.csv", CMT, "cmt_daily", as_of=dt.date(2022, 12, 29))
    found = refusals("fx.csv", ECB, "ecb_fx", as_of=AS_OF, snapshot=str(first.ids["snapshot_id"]))
    assert [code for code, _, _ in found] == ["CONFLICT"]


@pytest.fixture(scope="module")
def fhlb(shared_folder):
    return shared_folder / "data" / "loans_fhlb_2010" / "fhlb_ama_pudb_2010.csv.gz"


@pytest.fixture(scope="module")
def sample(fhlb):
    """The header and the first 300 loans."""
    lines = gzip.decompress(fhlb.read_bytes()).decode().splitlines(keepends=True)
    return lines[:301]


def test_every_loan_of_the_published_tape_is_ingested(fhlb):
    outcome = tape(fhlb.name, fhlb.read_bytes(), "fhlb_2010")
    assert (outcome.rows, outcome.created, outcome.rejected) == (41220, 41220, 0)
    assert outcome.details["unpriceable"] == 0
    assert outcome.details["control"]["USD"]["outstanding_principal"] == "6372318490"
    nodes = PortfolioNode.objects.filter(tree_id=outcome.ids["tree_id"])
    kinds = [nodes.filter(node_type=kind).count() for kind in ("FUND", "DESK", "BOOK")]
    assert kinds == [1, 8, 538]
    assert Counterparty.objects.count() == 537
    with connection.cursor() as cursor:
        shard = selectors.load_shard(cursor, outcome.ids["snapshot_id"], 0, 41220)
    assert shard.failures == {}
    assert np.sum(shard.notional) == 6372318490


def test_the_same_tape_again_changes_nothing(sample):
    first = tape("fhlb.csv", "".join(sample), "fhlb_2010")
    again = tape("fhlb.csv.gz", gzip.compress("".join(sample).encode()), "fhlb_2010")
    assert (again.unchanged, again.ids) == (300, first.ids)
    assert not again.wrote


def test_a_loan_of_the_tape_is_dated_and_carried_as_the_profile_says(sample):
    tape("fhlb.csv", "".join(sample), "fhlb_2010")
    document = json.loads(Instrument.objects.get(code="FHLB-2010-1").current_terms.document)
    assert document["terms"] == {
        "start_date": "2022-12-30",
        "first_payment_date": "2023-02-01",
        "original_principal": "322000",
        "rate": "0.0388",
        "payments": 180,
        "amortisation_payments": 180,
        "amortisation": "LEVEL_PAY",
        "interest_basis": "30/360",
        "frequency": "MONTHLY",
        "calendar": "NONE",
        "roll_convention": "UNADJUSTED",
        "accrual_dates": "UNADJUSTED",
        "prepayment": {"kind": "CPR", "speed": "0.06"},
        "discount_curve": "USD-TREASURY",
        "attributes": {
            "fips_state": "4", "lien": "FIRST", "property_type": "PT01", "purpose": "REFINANCING"
        },
    }  # fmt: skip
    position = json.loads(Position.objects.get(position_id="FHLB-2010-1").document)
    assert (position["book"], position["obligor"]) == ("FHLB-BOSTON-54835", "FHFB-54835")
    state = position["state"]
    assert (state["spread"], state["spread_source"]) == ("0.015", "SUPPLIED")
    assert (state["ltv"], state["credit_score"]) == ("0.7854", "760-OVER")
    assert (state["side"], state["accounting_class"], state["status"]) == (
        "ASSET", "HFI", "PERFORMING"
    )  # fmt: skip
    assert Decimal(state["outstanding_principal"]) == 322000


def _spoiled(sample):
    """Four loans at fault among 300: rate in percent, no term, unknown bank, a number twice."""
    lines = [line.split(",") for line in sample]
    header = lines[0]
    for row, column, value in (
        (10, "Rate", "4.5"),
        (20, "Term", ""),
        (30, "FHLBankID", "Atlantis"),
        (40, "Loan Number", lines[41][header.index("Loan Number")]),
    ):
        lines[row][header.index(column)] = value
    return "".join(",".join(line) for line in lines)


def test_one_loan_at_fault_refuses_the_tape(sample):
    found = refusals("fhlb.csv", _spoiled(sample), "fhlb_2010")
    assert {line for _, line, _ in found} == {11, 21, 31, 42}
    assert not Portfolio.objects.exists()
    assert not Position.objects.exists()


def test_with_a_reject_file_the_others_are_held_and_every_line_is_accounted_for(sample, tmp_path):
    rejects = tmp_path / "rejects.csv"
    outcome = tape("fhlb.csv", _spoiled(sample), "fhlb_2010", reject_file=rejects)
    assert (outcome.rows, outcome.created, outcome.rejected) == (300, 296, 4)
    assert Position.objects.count() == 296
    with rejects.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["line"], row["code"]) for row in rows} == {
        ("11", "RANGE"), ("21", "TERMS"), ("31", "CHOICE"), ("42", "DUPLICATE")
    }  # fmt: skip
    assert next(row for row in rows if row["line"] == "11")["Rate"] == "4.5"


def test_a_reject_file_that_cannot_be_written_refuses_the_tape(sample, tmp_path):
    nowhere = tmp_path / "none" / "rejects.csv"
    found = refusals("fhlb.csv", _spoiled(sample), "fhlb_2010", reject_file=nowhere)
    assert found == [("FILE_MISSING", None, "--reject-file")]
    assert not Position.objects.exists()


def test_a_tape_without_a_row_that_can_be_held_is_refused(sample, tmp_path):
    spoiled = _spoiled(sample).splitlines(keepends=True)
    text = spoiled[0] + spoiled[10]
    found = refusals("fhlb.csv", text, "fhlb_2010", reject_file=tmp_path / "rejects.csv")
    assert [code for code, _, _ in found] == ["FILE_EMPTY"]


def test_a_new_or_missing_column_stops_the_tape(sample):
    header, first, *_ = sample
    new = header.replace("GSEREO", "GSE2") + first
    missing = header.replace("Rate", "Coupon") + first
    assert ("HEADER_UNKNOWN", 1, "header") in refusals("fhlb.csv", new, "fhlb_2010")
    assert ("HEADER_MISSING", 1, "header") in refusals("fhlb.csv", missing, "fhlb_2010")


def test_the_day_of_the_profile_is_not_overruled(sample):
    found = refusals("fhlb.csv", "".join(sample), "fhlb_2010", as_of=dt.date(2022, 1, 1))
    assert found == [("CONFLICT", None, "--as-of")]


def test_the_published_market_files_of_the_day_make_a_market(shared_folder):
    folder = shared_folder / "data" / "market_2022_and_before"
    curve = folder / "cmt_daily.csv.gz"
    fx = folder / "fx_ecb.csv.gz"
    first = tape(curve.name, curve.read_bytes(), "cmt_daily", as_of=AS_OF)
    both = tape(
        fx.name, fx.read_bytes(), "ecb_fx", as_of=AS_OF, snapshot=str(first.ids["snapshot_id"])
    )
    assert (both.details["curves"], both.details["fx"]) == (1, 30)
