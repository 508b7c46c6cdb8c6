import numpy as np
import pytest

from pricing.credit import exposure, lgd
from pricing.credit.errors import CreditError
from pricing.credit.parameters import parse

LGD = {
    "format": "tieout.credit/1",
    "kind": "LGD",
    "name": "recoveries",
    "version": "2022.1",
    "effective_from": "2022-01-01",
    "citation": "constructed for this test",
    "values": {
        "haircuts": {"PROPERTY": "0.25", "CASH": "0"},
        "costs": {"PROPERTY": "0.08", "CASH": "0"},
        "unsecured": {"SENIOR": "0.45", "SUBORDINATED": "0.75"},
        "cures": {"CRE": "0.2", "CI": "0"},
    },
}
RECOVERY = lgd.read(parse(LGD, "LGD"))
NONE = lgd.Links(*(np.zeros(0, dtype=np.int64) for _ in range(3)), np.zeros(0))


def links(*rows: tuple[int, int, int, float]) -> lgd.Links:
    position, asset, rank, most = zip(*rows, strict=True)
    return lgd.Links(np.array(position), np.array(asset), np.array(rank), np.array(most, float))


def test_collateral_is_worth_its_value_after_haircut_costs_and_prior_liens() -> None:
    held = lgd.Collateral(["PROPERTY", "PROPERTY", "CASH"], [100.0, 100.0, 7.0], [19.0, 80.0, 0.0])
    # 100 x 0.75 x 0.92 = 69.
    assert lgd.net_values(RECOVERY, held) == pytest.approx([50.0, 0.0, 7.0], abs=1e-12)


def test_shared_asset_is_used_once_by_rank_and_in_proportion() -> None:
    first = links((0, 0, 1, 1e9), (1, 0, 2, 1e9), (2, 0, 2, 1e9))
    found = lgd.covered([60.0, 40.0, 20.0], np.array([90.0]), first)
    assert found == pytest.approx([60.0, 20.0, 10.0], abs=1e-12)
    assert found.sum() == pytest.approx(90.0, abs=1e-12)


def test_link_secures_no_more_than_its_limit_and_the_next_asset_takes_over() -> None:
    found = lgd.covered([100.0], np.array([90.0, 90.0]), links((0, 0, 1, 30.0), (0, 1, 2, 1e9)))
    assert found == pytest.approx([100.0], abs=1e-12)
    assert lgd.covered([100.0], np.array([90.0]), links((0, 0, 1, 30.0))) == pytest.approx([30.0])


def test_link_that_stands_twice_is_refused() -> None:
    with pytest.raises(CreditError, match=r"links\[1\]: this position, asset and rank stand twice"):
        lgd.covered([100.0], np.array([90.0]), links((0, 0, 1, 30.0), (0, 0, 1, 30.0)))


def test_lgd_is_that_of_the_seniority_on_the_uncovered_share_after_cures() -> None:
    held = lgd.Collateral(["PROPERTY"], [100.0], [0.0])
    found = lgd.loss_given_default(
        RECOVERY,
        [138.0, 100.0, 0.0],
        ["SENIOR", "SUBORDINATED", "SENIOR"],
        ["CRE", "CI", "CI"],
        held,
        links((0, 0, 1, 1e9)),
    )
    assert found.covered == pytest.approx([69.0, 0.0, 0.0], abs=1e-12)
    assert found.lgd == pytest.approx([0.8 * 0.45 * 0.5, 0.75, 0.0], abs=1e-15)


@pytest.mark.parametrize(
    ("exposures", "seniorities", "message"),
    [
        ([-1.0], ["SENIOR"], r"exposures\[0\]: -1 is below 0"),
        ([1.0], ["JUNIOR"], r"seniorities\[0\]: 'JUNIOR' is none of SENIOR, SUBORDINATED"),
        ([1.0, 2.0], ["SENIOR"], "differ in length"),
    ],
)
def test_bad_position_is_refused_by_place(
    exposures: list[float], seniorities: list[str], message: str
) -> None:
    held = lgd.Collateral(["CASH"], [0.0], [0.0])
    with pytest.raises(CreditError, match=message):
        lgd.loss_given_default(RECOVERY, exposures, seniorities, ["CI"], held, NONE)


def test_exposure_is_the_drawn_and_the_converted_undrawn() -> None:
    document = LGD | {"kind": "CCF", "name": "ccf", "values": {"factors": {"REVOLVER": "0.4"}}}
    factors = exposure.conversion_factors(parse(document, "CCF"), ["REVOLVER"])
    found = exposure.exposure_at_default([[60.0, 50.0]], [[40.0, 50.0]], factors)
    assert found == pytest.approx(np.array([[76.0, 70.0]]), abs=1e-12)
    with pytest.raises(CreditError, match=r"drawn\[0, 1\]: -1 is below 0"):
        exposure.exposure_at_default([[60.0, -1.0]], [[40.0, 50.0]], factors)
    with pytest.raises(CreditError, match=r"categories\[0\]: 'LC' is none of REVOLVER"):
        exposure.conversion_factors(parse(document, "CCF"), ["LC"])


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"haircuts": {"CASH": "1.5"}}, "parameters.recoveries.values.haircuts.CASH"),
        ({"cures": None}, "parameters.recoveries.values.cures"),
    ],
)
def test_document_is_refused_by_field(change: dict[str, object], place: str) -> None:
    values = {**LGD["values"], **change}  # type: ignore[dict-item]
    with pytest.raises(CreditError) as refused:
        lgd.read(parse(LGD | {"values": values}, "LGD"))
    assert refused.value.place == place
