import numpy as np
import pytest

from pricing.credit import cecl, scenario_weights
from pricing.credit.errors import CreditError
from pricing.credit.expected_loss import expected_loss
from pricing.credit.parameters import parse
from pricing.credit.term_structure import of_annual

TIMES = np.array([1.0, 2.0, 3.0])
# Three years at 8% on 1,000, bought at par.
BULLET = cecl.schedule(TIMES, [[0.0, 0.0, 1000.0]], [[80.0, 80.0, 80.0]])


def weights(**given: str) -> scenario_weights.Weights:
    document = {
        "format": "tieout.credit/1",
        "kind": "SCENARIO_WEIGHTS",
        "name": "economy",
        "version": "1",
        "effective_from": "2022-01-01",
        "citation": "constructed for this test",
        "values": {"weights": given},
    }
    return scenario_weights.read(parse(document, "SCENARIO_WEIGHTS"))


def test_loan_that_cannot_default_has_no_allowance_at_its_own_rate() -> None:
    flows = cecl.expected_flows(BULLET, np.zeros((1, 3)), [0.4])
    assert cecl.dcf_allowance([1000.0], flows, TIMES, [0.08]) == pytest.approx([0.0], abs=1e-12)


def test_allowance_at_the_effective_rate_is_the_discounted_loss_and_lost_interest() -> None:
    """With no lag the cost of a default is balance + interest - recovery, at the period's end."""
    cumulative = of_annual([0.02], TIMES).cumulative
    flows = cecl.expected_flows(BULLET, cumulative, [0.4])
    marginal = np.diff(cumulative[0], prepend=0.0)
    # A par loan is worth its balance with this period's interest, whenever it is asked.
    lost = marginal * (1080.0 - 0.6 * 1000.0) / 1.08**TIMES
    found = cecl.dcf_allowance([1000.0], flows, TIMES, [0.08])
    assert found == pytest.approx([lost.sum()], abs=1e-10)


def test_recovery_that_comes_later_is_worth_less() -> None:
    cumulative = of_annual([0.02], TIMES).cumulative
    late = cecl.expected_flows(BULLET, cumulative, [0.4], lag=2)
    grid = np.arange(1.0, 6.0)
    soon = cecl.dcf_allowance(
        [1000.0], cecl.expected_flows(BULLET, cumulative, [0.4]), TIMES, [0.08]
    )
    assert cecl.dcf_allowance([1000.0], late, grid, [0.08])[0] > soon[0]
    assert cecl.dcf_allowance([1000.0], late, grid, [0.0])[0] == pytest.approx(
        cecl.dcf_allowance([1000.0], late[:, :3] + np.pad(late[:, 3:], [(0, 0), (0, 1)]), TIMES,
                           [0.0])[0], abs=1e-9)  # fmt: skip


def test_weights_times_losses_are_not_losses_of_weighted_inputs() -> None:
    """The loss is convex where LGD rises with PD: weighing inputs first would hide part of it."""
    known = weights(BASE="0.6", SEVERE="0.4")
    pd, lgd = {"BASE": 0.01, "SEVERE": 0.06}, {"BASE": 0.3, "SEVERE": 0.6}

    def loss(annual: float, severity: float) -> np.ndarray:
        term = of_annual([annual], TIMES).cumulative
        return expected_loss(TIMES, term, [[severity]], np.full((1, 3), 1000.0)).lifetime

    losses = {name: loss(pd[name], lgd[name]) for name in pd}
    found = scenario_weights.weighted_loss(known, losses)
    assert found == pytest.approx(0.6 * losses["BASE"] + 0.4 * losses["SEVERE"], abs=1e-12)
    mean = {name: 0.6 * one["BASE"] + 0.4 * one["SEVERE"] for name, one in
            {"pd": pd, "lgd": lgd}.items()}  # fmt: skip
    assert found[0] - loss(mean["pd"], mean["lgd"])[0] > 0.15 * found[0]


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(CreditError, match=r"economy.values.weights: they sum to 0.9") as refused:
        weights(BASE="0.6", SEVERE="0.3")
    assert refused.value.code == "WEIGHTS_SUM"
    with pytest.raises(CreditError, match=r"losses.SEVERE: economy@1 and the losses differ"):
        scenario_weights.weighted_loss(weights(BASE="0.6", SEVERE="0.4"), {"BASE": np.ones(1)})


def test_scenarios_are_a_leading_axis_of_the_discounted_allowance() -> None:
    stressed = np.stack([of_annual([p], TIMES).cumulative for p in (0.01, 0.05)])
    flows = cecl.expected_flows(BULLET, stressed, [0.4])
    found = cecl.dcf_allowance([1000.0], flows, TIMES, [0.08])
    assert found.shape == (2, 1)
    assert found[1, 0] > found[0, 0] > 0.0


def test_collateral_dependent_loan_is_written_to_what_the_collateral_brings() -> None:
    found = cecl.collateral_dependent([100.0, 100.0], [90.0, 130.0], [5.0, 5.0])
    assert found.tolist() == [15.0, 0.0]


def test_deteriorated_purchase_is_grossed_up_without_provision() -> None:
    assert cecl.gross_up([750.0], [100.0]).tolist() == [850.0]


def test_charge_offs_by_vintage_sum_to_the_charge_offs() -> None:
    born, gross = np.array([2022, 2018, 2017, 1999, 2022]), np.array([5, 7, 11, 13, 17])
    found = cecl.charge_offs_by_vintage(born, gross, 2022)
    assert found == {"2022": 22, "2021": 0, "2020": 0, "2019": 0, "2018": 7, "PRIOR": 24}
    assert sum(found.values()) == gross.sum()
    with pytest.raises(CreditError, match="lent after 2021"):
        cecl.charge_offs_by_vintage(born, gross, 2021)


def test_negative_cost_is_refused_by_position() -> None:
    flows = cecl.expected_flows(BULLET, np.zeros((1, 3)), [0.4])
    with pytest.raises(CreditError, match=r"amortised_cost\[0\]: -1 is below 0"):
        cecl.dcf_allowance([-1.0], flows, TIMES, [0.08])


def test_default_that_becomes_less_likely_with_time_is_refused() -> None:
    with pytest.raises(
        CreditError, match=r"cumulative\[0, 2\]: 0.02 is less than the period before"
    ):
        cecl.expected_flows(BULLET, np.array([[0.01, 0.03, 0.02]]), [0.4])
