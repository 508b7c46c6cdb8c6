import numpy as np
import pytest

from pricing.credit import loss_rate
from pricing.credit.errors import CreditError
from pricing.credit.reversion import Reversion, reverted


def test_rate_is_not_rounded_before_it_is_applied() -> None:
    rate = loss_rate.lifetime_rate([1.0], 3.0)
    assert rate == 1.0 / 3.0
    assert loss_rate.allowance([3_000_000.0], [rate]) == pytest.approx([1_000_000.0], abs=1e-9)


def test_warm_with_one_rate_is_rate_times_remaining_maturity_times_cost() -> None:
    balances = [[100.0, 60.0, 20.0], [50.0, 0.0, 0.0]]
    maturity = loss_rate.remaining_maturity(balances)
    assert maturity == pytest.approx([1.8, 1.0], abs=1e-15)
    found = loss_rate.warm(balances, [0.01, 0.01, 0.01])
    assert found == pytest.approx(0.01 * maturity * [100.0, 50.0], abs=1e-14)
    assert loss_rate.warm(balances, [0.02, 0.01, 0.0]) == pytest.approx([2.6, 1.0], abs=1e-14)


def test_vintages_lose_what_older_ones_lost_at_the_ages_to_come() -> None:
    unseen = np.nan
    losses = [[1.0, 3.0, 2.0], [1.0, 5.0, unseen], [4.0, unseen, unseen]]
    rates = loss_rate.vintage_rates([100.0, 100.0, 200.0], losses)
    assert rates == pytest.approx([6 / 400, 8 / 200, 2 / 100], abs=1e-15)
    found = loss_rate.vintage_allowance([100.0, 100.0, 200.0], np.array([3, 2, 1]), rates)
    assert found == pytest.approx([0.0, 2.0, 12.0], abs=1e-13)


def test_age_that_no_vintage_has_reached_has_no_rate() -> None:
    with pytest.raises(CreditError, match=r"losses\[:, 1\]: no vintage has reached this age"):
        loss_rate.vintage_rates([100.0], [[1.0, np.nan]])


@pytest.mark.parametrize(
    ("method", "over", "rates"),
    [
        (Reversion.IMMEDIATE, 0, [0.03, 0.05, 0.01, 0.01, 0.01, 0.01]),
        (Reversion.STRAIGHT_LINE, 3, [0.03, 0.05, 0.04, 0.03, 0.02, 0.01]),
        (Reversion.STRAIGHT_LINE, 1, [0.03, 0.05, 0.03, 0.01, 0.01, 0.01]),
    ],
)
def test_forecast_reverts_to_history(method: Reversion, over: int, rates: list[float]) -> None:
    found = reverted([[0.03, 0.05]], [0.01], 6, method, over)
    assert found[0] == pytest.approx(rates, abs=1e-15)


def test_reversion_without_its_length_is_refused() -> None:
    with pytest.raises(CreditError, match="over: STRAIGHT_LINE cannot revert over 0 periods"):
        reverted([0.03], 0.01, 4, Reversion.STRAIGHT_LINE)
    with pytest.raises(CreditError, match="forecast"):
        reverted([0.03, 0.03], 0.01, 1, Reversion.IMMEDIATE)


@pytest.mark.parametrize("balance", [0.0, -1.0, np.inf])
def test_rate_of_no_balance_is_refused(balance: float) -> None:
    with pytest.raises(CreditError, match="balance"):
        loss_rate.lifetime_rate([1.0], balance)
