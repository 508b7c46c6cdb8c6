import csv
import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pytest

from pricing.credit.errors import CreditError
from pricing.credit.expected_loss import expected_loss
from pricing.credit.experience import DefaultTable, LossTable, default_table, loss_table
from pricing.credit.reversion import Reversion, reverted

SBA = Path(__file__).parents[5] / "shared" / "data" / "loans_sba" / "SBAnational_first22k.csv.gz"
FHLB = SBA.parents[1] / "loans_fhlb_2010" / "fhlb_ama_pudb_2010.csv.gz"
LAST_YEAR = 2013


def test_age_not_lived_through_is_no_age_without_defaults() -> None:
    vintage = np.array([2010] * 4 + [2011] * 6)
    age = np.array([0.5, 1.2, np.nan, np.nan, 0.1, 0.9, 1.5, np.nan, np.nan, np.nan])
    found = default_table(vintage, age, last_year=2012, ages=2)
    assert found.defaults[0].tolist() == [1.0, 1.0]
    assert found.defaults[1, 0] == 2.0
    assert np.isnan(found.defaults[1, 1])
    assert found.rates.tolist() == [0.3, 0.25]
    assert found.cumulative.tolist() == [0.3, 0.55]
    with pytest.raises(CreditError, match="no vintage has lived through 3 years"):
        default_table(vintage, age, last_year=2011, ages=3)


def test_loss_is_a_ratio_of_sums_and_the_guarantee_bears_its_share() -> None:
    found = loss_table(np.array([2001, 2001, 2002]), [100, 300, 100], [50, 30, 20], [0.5, 0.5, 0.8])
    assert found.by_vintage.tolist() == [0.2, 0.2]
    assert found.gross == 0.2
    assert found.lender == pytest.approx((25 + 15 + 4) / 500, abs=1e-15)


def day(text: str, form: str) -> dt.date:
    found = dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).date()
    # Two digits of a year: nothing here is later than 2014.
    return found.replace(year=found.year - 100) if found.year > 2014 else found


def small_business() -> tuple[int, DefaultTable, LossTable]:
    """Return the number of SBA loans disbursed 1997 to 2006, and their tables."""
    with gzip.open(SBA, "rt", encoding="utf-8-sig") as lines:
        rows = [row for row in csv.DictReader(lines) if row["MIS_Status"]]
    kept = [row for row in rows if row["DisbursementDate"] and int(row["DisbursementGross"]) > 0]
    born = [day(row["DisbursementDate"], "%m/%d/%Y") for row in kept]
    vintage, age = np.array([one.year for one in born]), np.full(len(kept), np.nan)
    bad = np.zeros(len(kept), dtype=bool)
    for i, row in enumerate(kept):
        # A charge-off date of a loan that is paid in full is no default.
        if row["MIS_Status"] == "CHGOFF" and row["ChgOffDate"]:
            days = (day(row["ChgOffDate"], "%d-%b-%y") - born[i]).days
            age[i], bad[i] = max(days, 0) / 365.25, days >= 0
    recent = (vintage >= 1997) & (vintage <= 2006)
    table = default_table(vintage[recent], age[recent], LAST_YEAR, ages=7)
    lent, lost, approved, guaranteed = (
        np.array([float(row[name]) for row in kept])[recent & bad]
        for name in ("DisbursementGross", "ChgOffPrinGr", "GrAppv", "SBA_Appv")
    )
    share = np.minimum(guaranteed / approved, 1.0)
    return int(recent.sum()), table, loss_table(vintage[recent & bad], lent, lost, share)


@pytest.mark.skipif(not SBA.exists(), reason="the SBA loans are not beside the project")
def test_small_business_loans_give_tables_of_default_and_loss() -> None:
    count, table, loss = small_business()
    assert (count, int(loss.counts.sum())) == (21_643, 4_393)
    measured = [0.0013, 0.0218, 0.0464, 0.0833, 0.1179, 0.1645, 0.1798]
    assert table.cumulative == pytest.approx(measured, abs=5e-5)
    assert [loss.gross, loss.lender] == pytest.approx([0.5637, 0.2231], abs=5e-5)


@pytest.mark.skipif(
    not (SBA.exists() and FHLB.exists()), reason="the loans are not beside the project"
)
def test_tables_of_small_business_go_through_a_book_of_mortgages() -> None:
    """The machinery on 41,220 loans, not a forecast: mortgages do not default like businesses."""
    _, table, loss = small_business()
    with gzip.open(FHLB, "rt", encoding="utf-8-sig") as lines:
        read = [(float(r["UPB"]), float(r["Rate"]), int(r["Term"])) for r in csv.DictReader(lines)]
    balance, rate, months = np.array(read).T
    years = np.arange(0.0, 30.0)
    grown = (1.0 + rate[:, None] / 12.0) ** np.stack([12.0 * years] * len(rate))
    end = (1.0 + rate / 12.0) ** months
    owed = balance[:, None] * np.maximum(end[:, None] - grown, 0.0) / (end[:, None] - 1.0)
    # The last age seen goes on: history ends at seven years.
    rates = reverted(table.rates, table.rates[-1], 30, Reversion.IMMEDIATE)
    cumulative = np.minimum(np.cumsum(rates), 1.0)
    found = expected_loss(
        years + 1.0, np.broadcast_to(cumulative, owed.shape), [[loss.gross]], owed
    )
    assert len(balance) == 41_220
    shares = [found.twelve_months.sum() / balance.sum(), found.lifetime.sum() / balance.sum()]
    assert shares[0] == pytest.approx(table.rates[0] * loss.gross, rel=1e-12)
    assert shares == pytest.approx([0.0007, 0.1697], abs=5e-5)
