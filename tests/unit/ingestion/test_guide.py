"""The guide names every kind, field, convention and profile of the ingestion."""

import re

import pytest

from apps.ingestion import profile
from apps.ingestion.contracts.counterparties import CounterpartyRow
from apps.ingestion.contracts.facilities import FacilityRow
from apps.ingestion.contracts.fixings import FixingRow
from apps.ingestion.contracts.histories import HistoryRow
from apps.ingestion.contracts.instruments import InstrumentRow
from apps.ingestion.contracts.legal_entities import LegalEntityRow
from apps.ingestion.contracts.marketdata import MarketRow
from apps.ingestion.contracts.portfolios import PortfolioRow
from apps.ingestion.contracts.positions import PositionRow
from apps.ingestion.contracts.scenarios import ScenarioRow
from apps.ingestion.services import KINDS
from apps.instrument.conventions import CONVENTIONS

CONTRACTS = [
    CounterpartyRow, FacilityRow, FixingRow, HistoryRow, InstrumentRow, LegalEntityRow,
    MarketRow, PortfolioRow, PositionRow, ScenarioRow,
]  # fmt: skip


@pytest.fixture(scope="module")
def quoted(repository):
    guide = (repository / "docs" / "guides" / "ingestion.md").read_text()
    return set(re.findall(r"`([^`\n]+)`", guide))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_field_of_a_contract_is_in_the_guide(quoted, contract):
    assert sorted(contract.model_fields.keys() - quoted) == []


def test_every_kind_convention_and_profile_is_in_the_guide(quoted):
    named = {*KINDS, *CONVENTIONS, *profile.names()}
    assert sorted(named - quoted) == []
