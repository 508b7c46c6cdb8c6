"""Every kind: written once, unchanged again, and nothing at all when one row is at fault."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from apps.access.models import AuditEntry
from apps.ingestion import services
from apps.ingestion.contracts.fields import amounts
from apps.ingestion.contracts.positions import PositionRow
from apps.ingestion.outcome import Request
from apps.ingestion.problems import ImportRefused
from apps.ingestion.readers import source
from apps.instrument.models import Counterparty, CounterpartyVersion, Instrument, InstrumentTerms
from apps.marketdata.models import MarketDataSnapshot
from apps.portfolio.models import (
    LegalEntity,
    Portfolio,
    PortfolioNode,
    PortfolioTree,
    Position,
    PositionSnapshot,
)
from apps.scenario.models import Scenario, ScenarioSet, ScenarioSetMember
from tests.integration.ingestion import small_book

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]

AS_OF = dt.date(2022, 12, 30)
TREE = "code,name,node_type,parent\nF,Fund,FUND,\nD,Desk,DESK,F\nB,Book,BOOK,D\n"
ENTITIES = "code,name,country,base_currency,parent\nG,Group,US,USD,\nLE1,Bank,US,USD,G\n"
PARTIES = "code,legal_name,kind,parent,rating\nTOP,Top Corp,CORPORATE,,BBB\nSUB,Sub,SME,TOP,\n"
LOANS = (
    "code,product_type,currency,market_convention,terms.start_date,terms.first_payment_date,"
    "terms.original_principal,terms.rate,terms.payments,terms.prepayment.kind,"
    "terms.prepayment.speed,issuer\n"
    "L1,AMORT_LOAN,USD,US_RESIDENTIAL_MORTGAGE,2022-12-30,2023-02-01,100000.00,0.0450,360,CPR,"
    "0.06,SUB\n"
)
HELD = (
    "position_id,book,instrument,side,quantity,outstanding_principal,status,accounting_class,"
    "legal_entity,obligor,spread,spread_source\n"
    "P1,B,L1,ASSET,100000,100000,PERFORMING,HFI,LE1,SUB,0.015,SUPPLIED\n"
    "P2,B,L1,ASSET,50000,50000,PERFORMING,HFI,LE1,,0.015,SUPPLIED\n"
)
SOURCES = {
    "legal_entities": ENTITIES,
    "portfolios": TREE,
    "counterparties": PARTIES,
    "instruments": LOANS,
    "positions": HELD,
}


def load(kind: str, text: str, name: str = "file.csv", **options: Any):
    if kind == "positions":
        options = {"as_of": AS_OF} | options
    request = Request(kind=kind, source=source.from_bytes(name, text.encode()), **options)
    return services.ingest(request, actor="test")


def load_until(kind: str) -> None:
    for earlier, text in SOURCES.items():
        if earlier == kind:
            return
        load(earlier, text)


def refusals(kind: str, text: str, name: str = "file.csv", **options: Any):
    before = counts()
    with pytest.raises(ImportRefused) as refused:
        load(kind, text, name, **options)
    assert counts() == before, "something was written"
    return [(p.code, p.line, p.field) for p in refused.value.problems]


def counts() -> dict[str, int]:
    models = (
        Counterparty, CounterpartyVersion, Instrument, InstrumentTerms, LegalEntity, Portfolio,
        PortfolioTree, Position, PositionSnapshot, MarketDataSnapshot, Scenario, ScenarioSet,
        AuditEntry,
    )  # fmt: skip
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.parametrize("kind", SOURCES)
def test_the_same_file_again_changes_nothing(kind):
    load_until(kind)
    first = load(kind, SOURCES[kind])
    before = counts()
    again = load(kind, SOURCES[kind])
    assert (first.created, first.unchanged) == (first.rows, 0)
    assert (again.created, again.changed, again.unchanged) == (0, 0, again.rows)
    assert again.ids == first.ids
    assert counts() == before


@pytest.mark.parametrize("kind", SOURCES)
def test_a_dry_run_says_what_would_be_and_writes_nothing(kind):
    load_until(kind)
    before = counts()
    outcome = load(kind, SOURCES[kind], dry_run=True)
    assert outcome.created == outcome.rows
    assert counts() == before


def test_an_import_is_in_the_audit_log_and_its_author_in_the_history():
    load("counterparties", PARTIES)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.object_type) == ("test", "ingest", "counterparties")
    assert entry.detail["file"] == "file.csv"
    event = apps.get_model("instrument", "CounterpartyEvent").objects.filter(code="TOP").get()
    assert event.pgh_label == "insert"
    assert event.pgh_context["user"] == "test"
    assert event.pgh_context["reason"] == "ingest counterparties file.csv"


def test_a_changed_counterparty_is_a_new_version_under_the_same_header():
    load("counterparties", PARTIES)
    changed = load("counterparties", PARTIES.replace("BBB", "BB+"))
    assert (changed.created, changed.changed, changed.unchanged) == (0, 1, 1)
    header = Counterparty.objects.get(code="TOP")
    assert header.rating == "BB+"
    assert json.loads(header.current_version.document)["rating"] == "BB+"
    assert header.versions.count() == 2
    back = load("counterparties", PARTIES)
    header.refresh_from_db()
    assert back.changed == 1
    assert header.versions.count() == 2
    assert json.loads(header.current_version.document)["rating"] == "BBB"


def test_a_parent_may_stand_below_its_child_in_the_file():
    header, top, sub = PARTIES.strip().split("\n")
    load("counterparties", "\n".join([header, sub, top]))
    assert Counterparty.objects.get(code="SUB").parent.code == "TOP"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code,legal_name,kind\nA,X,BANK\nA,Y,BANK\n", ("DUPLICATE", 3, "code")),
        ("code,legal_name,kind\nA,X,BANK\na,Y,BANK\n", ("DUPLICATE_CASE", 3, "code")),
        ("code,legal_name,kind\ntop,X,BANK\n", ("DUPLICATE_CASE", 2, "code")),
        ("code,legal_name,kind,parent\nA,X,BANK,NONE\n", ("REFERENCE", 2, "parent")),
        ("code,legal_name,kind,parent\nA,X,BANK,A\n", ("CYCLE", 2, "parent")),
        ("code,legal_name,kind,parent\nA,X,BANK,C\nC,Y,BANK,A\n", ("CYCLE", 2, "parent")),
        ("code,legal_name,kind,parent\nTOP,X,BANK,SUB\n", ("CYCLE", 2, "parent")),
    ],
)
def test_counterparties_that_are_at_fault_are_refused(text, expected):
    load("counterparties", PARTIES)
    assert expected in refusals("counterparties", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F,Fund,FUND,\nB,Book,BOOK,F\nD,Desk,DESK,B\n", ("LEVEL", 4, "parent")),
        ("F,Fund,FUND,\nG,Fund,FUND,F\n", ("LEVEL", 3, "parent")),
        ("A,A,SUB_FUND,B\nB,B,DESK,A\n", ("CYCLE", 2, "parent")),
        ("B,Book,BOOK,NONE\n", ("REFERENCE", 2, "parent")),
        ("B,Book,SHELF,\n", ("CHOICE", 2, "node_type")),
    ],
)
def test_portfolios_that_are_no_tree_are_refused(text, expected):
    assert expected in refusals("portfolios", "code,name,node_type,parent\n" + text)


def test_a_stored_portfolio_that_a_file_would_break_is_named():
    load("portfolios", TREE)
    found = refusals("portfolios", "code,name,node_type,parent\nD,Desk,BOOK,F\n")
    assert ("LEVEL", None, "B") in found


def test_the_tree_has_a_version_per_content():
    first = load("portfolios", TREE)
    moved = load("portfolios", TREE + "E,Second,BOOK,F\n")
    same = load("portfolios", TREE)
    assert first.ids["tree_id"] != moved.ids["tree_id"] == same.ids["tree_id"]
    nodes = PortfolioNode.objects.filter(tree_id=moved.ids["tree_id"]).order_by("node")
    assert list(nodes.values_list("node", "code")) == [(1, "F"), (2, "D"), (3, "B"), (4, "E")]


def test_legal_entities_form_no_circle():
    text = ENTITIES.replace("G,Group,US,USD,\n", "G,Group,US,USD,LE1\n")
    assert ("CYCLE", 2, "parent") in refusals("legal_entities", text)


def test_terms_are_stored_in_one_form_with_what_the_convention_fills_in():
    load_until("instruments")
    outcome = load("instruments", LOANS)
    document = json.loads(Instrument.objects.get().current_terms.document)
    assert document == {
        "product_type": "AMORT_LOAN",
        "currency": "USD",
        "terms": {
            "start_date": "2022-12-30",
            "first_payment_date": "2023-02-01",
            "original_principal": "100000",
            "rate": "0.045",
            "payments": 360,
            "prepayment": {"kind": "CPR", "speed": "0.06"},
            "interest_basis": "30/360",
            "calendar": "NONE",
            "roll_convention": "UNADJUSTED",
            "accrual_dates": "UNADJUSTED",
            "frequency": "MONTHLY",
            "amortisation": "LEVEL_PAY",
        },
    }
    assert any("30/360 (US_RESIDENTIAL_MORTGAGE) by convention" in n for n in outcome.notes)


def test_json_and_csv_of_one_loan_are_one_terms_version():
    load_until("instruments")
    load("instruments", LOANS)
    record = {
        "code": "L1", "product_type": "AMORT_LOAN", "currency": "USD", "issuer": "SUB",
        "market_convention": "US_RESIDENTIAL_MORTGAGE",
        "terms": {"start_date": "2022-12-30", "first_payment_date": "2023-02-01",
                  "original_principal": 100000, "rate": 4.5e-2, "payments": 360,
                  "prepayment": {"speed": 0.060, "kind": "CPR"}},
    }  # fmt: skip
    assert load("instruments", json.dumps([record]), "loans.json").unchanged == 1
    assert load("instruments", json.dumps(record), "loans.jsonl").unchanged == 1


BAD_TERMS = [
    ("no day count and no convention", {"market_convention": ""}, "REQUIRED",
     "terms.interest_basis"),
    ("unknown convention", {"market_convention": "MARS"}, "CHOICE", "market_convention"),
    ("convention of another product", {"market_convention": "UK_GILT"}, "CHOICE",
     "market_convention"),
    ("maturity before start", {"terms.payments": "", "terms.maturity_date": "2020-01-01"},
     "DATE_ORDER", "terms.maturity_date"),
    ("first payment before start", {"terms.first_payment_date": "2022-01-01"}, "DATE_ORDER",
     "terms.first_payment_date"),
    ("10,000 years", {"terms.payments": "120000"}, "TERMS", "terms.payments"),
    ("NaN", {"terms.rate": "NaN"}, "NUMBER", "terms.rate"),
    ("1e400", {"terms.rate": "1e400"}, "NUMBER", "terms.rate"),
    ("underscore", {"terms.original_principal": "1_000"}, "NUMBER", "terms.original_principal"),
    ("overflow", {"terms.original_principal": "1e13"}, "OVERFLOW", "terms.original_principal"),
    ("negative principal", {"terms.original_principal": "-5"}, "TERMS",
     "terms.original_principal"),
    ("450%", {"terms.rate": "4.5"}, "TERMS", "terms.rate"),
    ("1899", {"terms.start_date": "1899-12-31"}, "TERMS", "terms.start_date"),
    ("half a payment", {"terms.payments": "3.5"}, "NUMBER", "terms.payments"),
    ("unknown calendar", {"terms.calendar": "MARS"}, "TERMS", "terms.calendar"),
    ("unknown field", {"terms.colour": "red"}, "HEADER_UNKNOWN", "terms.colour"),
    ("unknown part", {"terms.prepayment.colour": "red"}, "HEADER_UNKNOWN",
     "terms.prepayment.colour"),
    ("101 years", {"terms.payments": "", "terms.maturity_date": "2124-01-01"}, "RANGE",
     "terms.maturity_date"),
    ("missing field", {"terms.rate": ""}, "REQUIRED", "terms.rate"),
    ("no such issuer", {"issuer": "NOBODY"}, "REFERENCE", "issuer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "field"), [case[1:] for case in BAD_TERMS], ids=[c[0] for c in BAD_TERMS]
)
def test_terms_that_break_their_contract_are_refused(change, code, field):
    load_until("instruments")
    names, values = (line.split(",") for line in LOANS.strip().split("\n"))
    row = dict(zip(names, values, strict=True)) | change
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    found = refusals("instruments", text)
    assert len(found) == 1
    assert (found[0][0], found[0][1]) == (code, 2)
    assert found[0][2] == field


def test_terms_of_a_product_without_a_pricer_are_kept_and_said_to_be_unchecked():
    load_until("instruments")
    text = "code,product_type,currency,terms.limit\nR1,DEPOSIT,USD,5\n"
    outcome = load("instruments", text)
    assert outcome.notes == ["1 DEPOSIT: terms stored unchecked, the product is not priced yet"]


def test_reading_and_writing_say_how_far_they_are():
    load_until("positions")
    header, first, _ = HELD.strip().split("\n")
    rows = [first.replace("P1,", f"P{number},", 1) for number in range(2_500)]
    text = "\n".join([header, *rows]) + "\n"
    seen: list[tuple[str, int, int | None]] = []
    request = Request(
        kind="positions", source=source.from_bytes("p.csv", text.encode()), as_of=AS_OF
    )
    services.ingest(request, actor="test", progress=lambda *step: seen.append(step))
    assert ("reading", 2000, 2502) in seen
    assert ("hashing", 2000, 2500) in seen
    assert seen[-1] == ("packing", 2500, 2500)


def test_positions_are_as_of_a_day():
    load_until("positions")
    assert refusals("positions", HELD, as_of=None) == [("REQUIRED", None, "")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("P2,", "P1,", ("DUPLICATE", 3, "position_id")),
        ("P2,", "p1,", ("DUPLICATE_CASE", 3, "position_id")),
        ("P1,B,", "P1,D,", ("REFERENCE", 2, "book")),
        ("P1,B,", "P1,NONE,", ("REFERENCE", 2, "book")),
        ("B,L1,ASSET,1", "B,L9,ASSET,1", ("REFERENCE", 2, "instrument")),
        ("LE1,SUB", "LE9,SUB", ("REFERENCE", 2, "legal_entity")),
        ("LE1,SUB", "LE1,NOBODY", ("REFERENCE", 2, "obligor")),
        ("ASSET,100000,", "ASSET,5000000000000,", ("OVERFLOW", 2, "quantity")),
        (",100000,PERF", ",,PERF", ("REQUIRED", 2, "outstanding_principal")),
    ],
)
def test_positions_that_break_their_contract_are_refused(before, after, expected):
    load_until("positions")
    assert before in HELD
    assert expected in refusals("positions", HELD.replace(before, after, 1))


@pytest.mark.parametrize("field", amounts(PositionRow))
@pytest.mark.parametrize(
    ("currency", "largest"), [("USD", "4611686018427"), ("KWD", "461168601842")]
)
def test_every_amount_of_a_position_fits_integer_money_or_is_refused(field, currency, largest):
    load_until("instruments")
    load("instruments", LOANS.replace(",USD,", f",{currency},"))
    row = dict(zip(*(line.split(",") for line in HELD.split("\n")[:2]), strict=True))
    if field == "expected_recovery":
        row["expected_recovery_date"] = "2024-06-28"

    def held(amount: str) -> str:
        return json.dumps([row | {field: amount}])

    assert load("positions", held(largest), "p.json").created == 1
    one_more = str(int(largest) + 1)
    assert refusals("positions", held(one_more), "p.json") == [("OVERFLOW", 1, field)]


@pytest.mark.parametrize(
    ("kind", "options", "code", "field"),
    [
        ("instruments", {"snapshot": "x"}, "CONFLICT", "--snapshot"),
        ("positions", {"profile": "fhlb_2010"}, "CONFLICT", "--profile"),
        ("positions", {"reject_file": Path("r.csv")}, "CONFLICT", "--reject-file"),
        ("positions", {"as_of": dt.date(1899, 12, 31)}, "RANGE", "--as-of"),
        ("positions", {"as_of": dt.date(9999, 12, 31)}, "RANGE", "--as-of"),
        ("positions", {"snapshot": "x" * 101}, "TYPE", "--snapshot"),
        ("positions", {"snapshot": "x\x00"}, "TYPE", "--snapshot"),
        ("positions", {"snapshot": "x\x1b[31m"}, "TYPE", "--snapshot"),
        ("positions", {"snapshot": "x\udcff"}, "TYPE", "--snapshot"),
        ("positions", {"snapshot": ""}, "TYPE", "--snapshot"),
        ("scenarios", {"snapshot": "two words"}, "IDENTIFIER", "--snapshot"),
    ],
)
def test_what_is_asked_for_is_done_or_refused(kind, options, code, field):
    texts = SOURCES | {"scenarios": "code,risk,size\nUP,RATE,0.01\n"}
    assert refusals(kind, texts[kind], **options) == [(code, None, field)]


def test_a_kind_without_a_day_takes_one_and_says_that_it_is_not_kept():
    [note] = load("counterparties", SOURCES["counterparties"], as_of=AS_OF).notes
    assert "--as-of 2022-12-30 is not kept" in note


def test_a_currency_other_than_the_instrument_s_is_a_conflict():
    load_until("positions")
    names, first, _ = HELD.strip().split("\n")
    text = f"{names},currency\n{first},EUR\n"
    assert refusals("positions", text) == [("CONFLICT", 2, "currency")]


def test_an_obligor_that_is_not_given_is_the_issuer():
    load_until("positions")
    load("positions", HELD)
    assert set(Position.objects.values_list("counterparty", flat=True)) == {"SUB"}


def test_a_position_without_obligor_in_an_instrument_without_issuer_is_refused():
    load_until("positions")
    load("instruments", LOANS.replace(",SUB\n", ",\n"))
    assert ("REQUIRED", 3, "obligor") in refusals("positions", HELD)


def test_rows_in_another_order_are_the_same_snapshot():
    load_until("positions")
    first = load("positions", HELD)
    names, one, two = HELD.strip().split("\n")
    again = load("positions", "\n".join([names, two, one]), "shuffled.csv")
    assert again.ids["snapshot_id"] == first.ids["snapshot_id"]
    assert again.unchanged == 2


MARKET: dict[str, Any] = {
    "as_of": "2022-12-30",
    "name": "Test",
    "curves": [
        {"name": "USD-TREASURY", "currency": "USD", "kind": "PAR",
         "quotes": [["3M", "0.0442"], ["1Y", "0.0473"], ["10Y", "0.0388"]]},
        {"name": "EUR-GOVT", "currency": "EUR", "nodes": [["2032-12-30", "0.0250"]]},
    ],
    "discount": {"USD": "USD-TREASURY", "EUR": "EUR-GOVT"},
    "spreads": [{"currency": "USD", "rating": "BBB", "sector": "ALL", "nodes": [["5Y", 0.02]]}],
    "fx": [{"base": "EUR", "quote": "USD", "rate": "1.0666"}],
}  # fmt: skip


def market(text: Any = None, name: str = "market.json", **options: Any):
    text = json.dumps(MARKET) if text is None else text
    return load("marketdata", text, name, **options)


def test_par_quotes_become_zero_nodes_on_import():
    snapshot = MarketDataSnapshot.objects.get(pk=market().ids["snapshot_id"])
    curve = json.loads(snapshot.document)["curves"][1]
    assert snapshot.name == "Test"
    assert [date for date, _ in curve["nodes"]] == ["2023-03-30", "2023-12-30", "2032-12-30"]
    # A bill of 3 months (90 days), simple 4.42% on 365: continuous ln(1 + 0.0442 t) / t.
    assert curve["nodes"][0][1].startswith("0.0439")


def test_a_market_is_one_snapshot_whatever_its_name_order_and_digits():
    shuffled = MARKET | {
        "name": "Other",
        "curves": MARKET["curves"][::-1],
        "fx": [{"rate": "1.06660", "quote": "USD", "base": "EUR"}],
    }
    assert market(json.dumps(shuffled)).ids == market().ids
    stored = MarketDataSnapshot.objects.get()
    assert market(stored.document).unchanged == 1


def test_flat_rows_make_the_same_market_as_the_document():
    text = (
        "part,name,currency,tenor,date,rating,sector,base,quote,value\n"
        "PAR_QUOTE,USD-TREASURY,USD,3M,,,,,,0.0442\n"
        "PAR_QUOTE,USD-TREASURY,USD,1Y,,,,,,0.0473\n"
        "PAR_QUOTE,USD-TREASURY,USD,10Y,,,,,,0.0388\n"
        "ZERO_NODE,EUR-GOVT,EUR,,2032-12-30,,,,,0.025\n"
        "SPREAD,,USD,5Y,,BBB,ALL,,,0.02\n"
        "FX,,,,,,,EUR,USD,1.0666\n"
    )
    flat = market(text, "market.csv", as_of=AS_OF)
    document = MARKET | {"curves": [MARKET["curves"][0], MARKET["curves"][1] | {"kind": "ZERO"}]}
    assert market(json.dumps(document)).ids == flat.ids


def _with(part: str, place: int, **change: Any) -> dict[str, Any]:
    items = [dict(item) for item in MARKET[part]]
    items[place] |= change
    return {part: items}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"as_of": "1850-01-01"}, "as_of"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"surprise": 1}, "surprise"),
        (_with("fx", 0, rate="1_000"), "fx[0] (EUR/USD)"),
        (_with("fx", 0, rate="-1"), "fx[0].rate"),
        (_with("fx", 0, quote="QQQ"), "fx[0].quote"),
        ({"discount": {"USD": "NOPE"}}, "discount.USD"),
        (_with("curves", 0, quotes=[["3M", "NaN"]]), "curves[0].quotes[0] (3M)"),
        (_with("curves", 0, quotes=[["3M", "0.04"], ["2M", "0.04"]]),
         "USD-TREASURY.quotes[1]"),
        (_with("curves", 0, quotes=[["1Y", "0.04"], ["30Y", "0.9"]]), "(30Y)"),
        (_with("curves", 1, nodes=[["2020-01-01", "0.02"]]), "curves[1].nodes[0]"),
        (_with("curves", 1, nodes=[["2032-12-30", "7"]]), "curves[1].nodes[0]"),
        (_with("curves", 1, currency="QQQ"), "curves[1].currency"),
        ({"spreads": [MARKET["spreads"][0]] * 2}, "spreads[1]"),
    ],
)  # fmt: skip
def test_a_market_that_is_at_fault_names_the_place(change, place):
    [(code, _, field)] = refusals("marketdata", json.dumps(MARKET | change), "market.json")
    assert code == "MARKET"
    assert place in field


MARKET_ROWS = "part,name,currency,tenor,date,value\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PAR_QUOTE,A,USD,1Y,,0.04\nPAR_QUOTE,A,EUR,2Y,,0.04\n", ("CONFLICT", 3, "currency")),
        ("ZERO_NODE,A,USD,,2030-01-01,0.04\nZERO_NODE,B,USD,,2030-01-01,0.04\n"
         "DISCOUNT,A,USD,,,\nDISCOUNT,B,USD,,,\n", ("DUPLICATE", 5, "currency")),
        ("ZERO_NODE,B,USD,,2030-01-01,0.04\nZERO_NODE,A,USD,,2020-01-01,0.04\n",
         ("MARKET", 3, "curves[1].nodes[0]")),
        ("ZERO_NODE,B,USD,,2030-01-01,0.04\nPAR_QUOTE,A,USD,1Y,,0.04\n"
         "PAR_QUOTE,A,USD,9999Y,,1\n",
         ("MARKET", 4, "A.quotes[1]")),
        ("ZERO_NODE,B,USD,,2030-01-01,0.04\nDISCOUNT,NOPE,USD,,,\n",
         ("MARKET", 3, "discount.USD")),
    ],
)  # fmt: skip
def test_a_row_of_a_market_that_is_at_fault_is_named_by_its_line(text, expected):
    assert expected in refusals("marketdata", MARKET_ROWS + text, as_of=AS_OF)


def test_the_name_of_a_market_is_one_line():
    found = refusals("marketdata", json.dumps(MARKET | {"name": "x\ny"}), "m.json")
    assert found == [("TYPE", None, "name")]


def test_the_day_of_a_market_is_that_of_the_command():
    found = refusals("marketdata", json.dumps(MARKET), "m.json", as_of=dt.date(2022, 12, 29))
    assert found == [("CONFLICT", None, "as_of")]


SET = {
    "code": "S",
    "name": "Two",
    "scenarios": [
        {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0100"}]},
        {"code": "TWIST", "shocks": [{"risk": "RATE", "tenors": [["1Y", "0.01"], ["5Y", 0]]}]},
    ],
}


def test_a_file_of_scenarios_makes_a_set_with_base_in_front():
    outcome = load("scenarios", json.dumps(SET), "s.json")
    members = ScenarioSetMember.objects.filter(scenario_set_id=outcome.ids["scenario_set_id"])
    codes = members.order_by("ordinal").values_list("ordinal", "scenario__code")
    assert list(codes) == [(0, "BASE"), (1, "UP"), (2, "TWIST")]
    assert load("scenarios", json.dumps(SET), "s.json").unchanged == 2
    assert ScenarioSet.objects.count() == 1


def test_scenarios_in_every_layout_are_the_same_rows():
    load("scenarios", json.dumps(SET), "s.json")
    load("scenarios", json.dumps(SET["scenarios"]), "s.json")
    load("scenarios", "\n".join(json.dumps(s) for s in SET["scenarios"]), "s.jsonl")
    rows = "code,risk,size,tenors\nUP,RATE,0.01,\nTWIST,RATE,,1Y:0.01 5Y:0\n"
    load("scenarios", rows, "s.csv")
    assert Scenario.objects.count() == 3


def test_sets_may_name_their_members():
    document = {
        "scenarios": SET["scenarios"],
        "sets": [{"code": "A", "members": ["UP"]}, {"code": "B", "members": ["TWIST", "UP"]}],
    }
    outcome = load("scenarios", json.dumps(document), "s.json")
    assert set(outcome.details["sets"]) == {"A", "B"}
    document["sets"].pop()
    assert load("scenarios", json.dumps(document), "s.json").notes == [
        "BASE was put in front of A",
        "in no set and not kept: TWIST",
    ]
    document["sets"][0]["members"] = ["NOPE"]
    assert refusals("scenarios", json.dumps(document), "s.json") == [
        ("REFERENCE", None, "sets[0].members")
    ]


@pytest.mark.parametrize(
    ("scenario", "place"),
    [
        ({"code": "X", "shocks": [{"risk": "RATE", "size": "9"}]}, "X.shocks[0].size"),
        ({"code": "X", "shocks": [{"risk": "RATE", "size": "1e9999"}]}, "X.shocks[0].size"),
        ({"code": "X", "shocks": [{"risk": "WEATHER"}]}, "X.shocks[0].risk"),
        ({"code": "X", "shocks": [{"risk": "FX", "currency": "QQQ", "size": 1}]},
         "X.shocks[0].currency"),
        ({"code": "X", "kind": "SIDEWAYS"}, "X.kind"),
        ({"code": "BASE", "shocks": [{"risk": "RATE", "size": "0.01"}]}, "BASE.shocks"),
        ({"code": "X Y"}, "code"),
        ({"code": "UP"}, "S"),
        ({"code": "up"}, "S"),
    ],
)  # fmt: skip
def test_a_scenario_that_is_at_fault_names_the_place(scenario, place):
    document = SET | {"scenarios": [*SET["scenarios"], scenario]}
    assert refusals("scenarios", json.dumps(document), "s.json") == [("SCENARIO", None, place)]


def test_a_scenario_stands_once_in_a_file_of_sets():
    document = {
        "scenarios": [SET["scenarios"][0], SET["scenarios"][0] | {"shocks": []}],
        "sets": [{"code": "A", "members": ["UP"]}],
    }
    found = refusals("scenarios", json.dumps(document), "s.json")
    assert found == [("DUPLICATE", None, "scenarios[1].code")]


@pytest.mark.parametrize("code", [{"a": 1}, "", "X Y", ["S"]])
def test_a_set_has_an_identifier(code):
    found = refusals("scenarios", json.dumps(SET | {"code": code}), "s.json")
    assert found == [("IDENTIFIER", None, "code")]


def test_a_set_without_a_code_has_that_of_its_file():
    outcome = load("scenarios", json.dumps(SET["scenarios"]), "rates up, q4.json")
    assert set(outcome.details["sets"]) == {"RATES-UP-Q4"}


def test_a_shock_that_is_at_fault_is_named_by_its_line():
    text = "code,risk,size\nUP,RATE,0.01\nDOWN,RATE,-0.01\nUP,RATE,7\n"
    assert refusals("scenarios", text) == [("SCENARIO", 4, "UP.shocks[1].size")]


def test_the_snapshot_of_an_import_has_the_hash_that_sql_computes():
    small_book.make_reference()
    load_until("positions")
    outcome = load("positions", HELD)
    from apps.portfolio import selectors

    with connection.cursor() as cursor:
        found = selectors.recompute_snapshot_hash(cursor, outcome.ids["snapshot_id"])
    assert found.hex() == outcome.details["content_hash"]


def test_a_composed_scenario_is_stored_with_the_shocks_and_hashes_of_its_parts():
    document = SET | {"scenarios": [{"code": "BOTH", "parts": ["UP", "TWIST"]}, *SET["scenarios"]]}
    load("scenarios", json.dumps(document), "s.json")
    stored = {row.code: row for row in Scenario.objects.all()}
    both = json.loads(stored["BOTH"].document)
    parts = [json.loads(stored[code].document) for code in ("UP", "TWIST")]
    assert both["shocks"] == [shock for part in parts for shock in part["shocks"]]
    assert both["parts"] == [
        {"code": code, "sha256": bytes(stored[code].content_hash).hex()} for code in ("UP", "TWIST")
    ]
    again = load("scenarios", json.dumps([{"code": "BOTH", "parts": ["UP", "TWIST"]}]), "t.json")
    assert (again.created, again.unchanged) == (0, 1)
    exported = load("scenarios", json.dumps([both]), "u.json")
    assert (exported.created, exported.unchanged) == (0, 1)


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (["UP", "NOWHERE"], "X.parts[1]"),
        (["X"], "X.parts[0]"),
        ([{"code": "UP", "sha256": "00"}], "X.parts[0]"),
        ("UP", "X.parts"),
    ],
)
def test_parts_that_are_at_fault_write_nothing(parts, place):
    document = SET | {"scenarios": [*SET["scenarios"], {"code": "X", "parts": parts}]}
    assert refusals("scenarios", json.dumps(document), "s.json") == [("SCENARIO", None, place)]


def test_a_part_of_several_stored_versions_must_stand_in_the_file():
    load(
        "scenarios",
        json.dumps([{"code": "UP", "shocks": [{"risk": "RATE", "size": "1"}]}]),
        "a.json",
    )
    load("scenarios", json.dumps(SET), "b.json")
    alone = [{"code": "X", "parts": ["UP"]}]
    assert refusals("scenarios", json.dumps(alone), "s.json") == [("SCENARIO", None, "UP")]
    load("scenarios", json.dumps([*alone, SET["scenarios"][0]]), "s.json")


def test_the_hash_of_a_scenario_does_not_change_with_the_shapes_there_are():
    document = {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.010"}]}
    load("scenarios", json.dumps([document]), "s.json")
    stored = Scenario.objects.get(code="UP")
    assert stored.document == (
        '{"code":"UP","format":"tieout.scenario/1","kind":"INSTANT","name":"UP",'
        '"shocks":[{"risk":"RATE","size":"0.01"}]}'
    )
