"""Fields of the contracts: what is taken, what it becomes, what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from apps.ingestion import rows
from apps.ingestion.contracts.counterparties import CounterpartyRow
from apps.ingestion.contracts.instruments import InstrumentRow
from apps.ingestion.contracts.positions import LINKS, PositionRow
from apps.ingestion.problems import Problems
from apps.instrument.models import CounterpartyKind, ProductType

POSITION = {
    "position_id": "P1",
    "book": "B1",
    "instrument": "I1",
    "side": "ASSET",
    "quantity": "100",
    "outstanding_principal": "100",
    "status": "PERFORMING",
    "accounting_class": "HFI",
    "legal_entity": "LE1",
}


def problems_of(contract, values):
    problems = Problems()
    try:
        contract.model_validate(values)
    except ValidationError as error:
        rows.note(error, 7, problems)
    return [(p.code, p.field) for p in problems]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("100", "100"),
        ("100.00", "100"),
        ("+5", "5"),
        ("-0", "0"),
        ("-0.50", "-0.5"),
        ("007", "7"),
        ("1.5e3", "1500"),
        ("1E-05", "0.00001"),
        ("5.", "5"),
        ("0.123456789012", "0.123456789012"),
    ],
)
def test_equal_numbers_have_one_text(text, canonical):
    assert PositionRow.model_validate(POSITION | {"quantity": text}).quantity == canonical


@pytest.mark.parametrize(
    "text",
    [
        "1_000", "1,000", "1.000,5", "٣", "１２３", "NaN", "nan", "sNaN", "inf", "-Infinity",
        "1e400", "1E+1000000", "1e-400", "0x10", ".5", "", " 1", "1 ", "1\n", "--1", "1e", "½",
        "100%", "$5", "(5)", "1" * 30, "0." + "1" * 13, True, ["1"], {"a": "1"},
    ],
)  # fmt: skip
def test_what_is_no_plain_number_is_refused(text):
    codes = [code for code, field in problems_of(PositionRow, POSITION | {"quantity": text})]
    assert codes in (["NUMBER"], ["TYPE"], ["TOO_LONG"])


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("quantity", "1e19"),
        ("outstanding_principal", "-1"),
        ("current_rate", "12"),
        ("current_rate", "-1.5"),
        ("pool_factor", "1.000000000001"),
        ("share_of_facility", "-0.1"),
    ],
)
def test_numbers_have_bounds(field, text):
    assert problems_of(PositionRow, POSITION | {field: text}) == [("RANGE", field)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1900-01-01", None),
        ("2200-12-31", None),
        ("2020-02-29", None),
        ("1899-12-31", "RANGE"),
        ("2201-01-01", "RANGE"),
        ("9999-12-31", "RANGE"),
        ("1900-02-29", "DATE"),
        ("2021-02-29", "DATE"),
        ("2021-13-01", "DATE"),
        ("30/12/2022", "DATE"),
        ("12/30/2022", "DATE"),
        ("2022-12-30T00:00:00", "DATE"),
        ("20221230", "DATE"),
        ("44925", "DATE"),
        ("２０２２-12-30", "DATE"),
        ("2022-W52-5", "DATE"),
    ],
)
def test_dates_are_days_of_the_calendar_from_1900_to_2200(text, code):
    found = problems_of(PositionRow, POSITION | {"next_due_date": text})
    assert found == ([] if code is None else [(code, "next_due_date")])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"currency": "XXX"}, ("CURRENCY", "currency")),
        ({"currency": "usd"}, ("CURRENCY", "currency")),
        ({"booking_country": "ZZ"}, ("COUNTRY", "booking_country")),
        ({"days_past_due": "1.5"}, ("NUMBER", "days_past_due")),
        ({"intercompany": "yes"}, ("TYPE", "intercompany")),
        ({"side": "LONG"}, ("CHOICE", "side")),
        ({"colour": "red"}, ("HEADER_UNKNOWN", "colour")),
        ({"default_date": "2022-01-01"}, ("CONFLICT", "default_date")),
        ({"accrual_status": "NON_ACCRUAL"}, ("REQUIRED", "non_accrual_date")),
        ({"mark_price": "99"}, ("REQUIRED", "mark_date")),
        ({"pd_override": "0.5"}, ("REQUIRED", "override_reason")),
        ({"next_due_date": "2022-01-01", "paid_to_date": "2022-06-01"},
         ("DATE_ORDER", "next_due_date")),
    ],
)  # fmt: skip
def test_a_position_that_contradicts_its_contract_is_refused(change, expected):
    assert problems_of(PositionRow, POSITION | change) == [expected]


@pytest.mark.parametrize("field", sorted(POSITION.keys() - {"outstanding_principal"}))
def test_required_fields_of_a_position_are_asked_for(field):
    values = {name: value for name, value in POSITION.items() if name != field}
    assert problems_of(PositionRow, values) == [("REQUIRED", field)]


def test_what_is_present_of_a_row_is_what_it_gave():
    row = PositionRow.model_validate(POSITION | {"tag": None, "intercompany": "false"})
    assert row.present() == POSITION | {"intercompany": False}
    assert set(PositionRow.model_fields) >= LINKS


CHECKSUMS = [
    (CounterpartyRow, "lei", "5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R13"),
    (InstrumentRow, "isin", "US0378331005", "US0378331006"),
    (InstrumentRow, "isin", "DE000BAY0017", "us0378331005"),
    (InstrumentRow, "cusip", "037833100", "037833101"),
]
"""Valid: LEI of Bloomberg Finance L.P., ISIN and CUSIP of Apple Inc., ISIN of Bayer AG."""


@pytest.mark.parametrize(("contract", "field", "right", "wrong"), CHECKSUMS)
def test_check_digits_are_checked(contract, field, right, wrong):
    base = {"code": "X"} | (
        {"legal_name": "X", "kind": "BANK"}
        if contract is CounterpartyRow
        else {"product_type": "CASH", "currency": "USD", "terms": {}}
    )
    assert problems_of(contract, base | {field: right}) == []
    assert problems_of(contract, base | {field: wrong}) == [("CHECKSUM", field)]


def test_an_unknown_product_type_is_refused():
    values = {"code": "X", "product_type": "MYSTERY", "currency": "USD", "terms": {}}
    assert problems_of(InstrumentRow, values) == [("CHOICE", "product_type")]


def test_contracts_know_the_words_of_the_database():
    kinds = CounterpartyRow.model_fields["kind"].annotation
    products = InstrumentRow.model_fields["product_type"].annotation
    assert set(kinds.__args__) == set(CounterpartyKind.values)
    assert set(products.__args__) == set(ProductType.values)


def test_csv_columns_of_a_contract_have_a_prefix_for_its_objects():
    known, required = rows.columns(InstrumentRow)
    assert "terms." in known
    assert required == ("code", "product_type", "currency")
