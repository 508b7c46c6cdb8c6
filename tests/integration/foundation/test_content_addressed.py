"""A document stands under its own hash, whoever writes it."""

import psycopg
import pytest

DOCUMENT = '{"a":"ä"}'
INSERTS = {
    "marketdata_snapshot": (
        "INSERT INTO marketdata_snapshot (content_hash, as_of, name, document, source)"
        " VALUES ({hash}, '2025-06-30', 'm', {text}, '')"
    ),
    "scenario": (
        "INSERT INTO scenario (code, name, kind, content_hash, document)"
        " VALUES ('S', 'S', 'INSTANT', {hash}, {text})"
    ),
    "counterparty_version": (
        "WITH c AS (INSERT INTO counterparty (code, legal_name, lei, kind, connected_group,"
        " connected_basis, country_of_risk, country_of_incorporation, sector_scheme, sector,"
        " rating, scra_grade, default_status) VALUES ('C', 'C', '', 'CORPORATE', '', '', 'US',"
        " 'US', '', '', '', '', '') RETURNING id)"
        " INSERT INTO counterparty_version (counterparty_id, content_hash, document)"
        " SELECT id, {hash}, {text} FROM c"
    ),
    "instrument_terms": (
        "WITH i AS (INSERT INTO instrument (code, product_type, name, currency, isin, cusip)"
        " VALUES ('I', 'AMORT_LOAN', 'I', 'USD', '', '') RETURNING id)"
        " INSERT INTO instrument_terms (instrument_id, content_hash, document)"
        " SELECT id, {hash}, {text} FROM i"
    ),
}


@pytest.mark.parametrize("table", INSERTS)
def test_a_document_is_not_stored_under_the_hash_of_another(desk, table):
    values = {"text": f"'{DOCUMENT}'", "hash": "sha256('{{}}')"}
    with pytest.raises(psycopg.errors.CheckViolation, match=f"{table}_hash"):
        desk.execute(INSERTS[table].format(**values))


@pytest.mark.parametrize("table", INSERTS)
def test_a_document_is_stored_under_its_own(desk, table):
    values = {"text": f"'{DOCUMENT}'", "hash": f"sha256(convert_to('{DOCUMENT}', 'UTF8'))"}
    desk.execute(INSERTS[table].format(**values))
    assert desk.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
