"""Standardised weights: parts, breaks that name rule and field, and no weight by default."""

from typing import Any

import numpy as np
import pytest

from pricing.capital import rulebook, standardised, us_standardised
from pricing.capital.conversion import credit_equivalents
from pricing.capital.errors import CapitalError
from pricing.capital.weighting import Weighted

RULES = {one.label: one for one in rulebook.bundled()}
SA = RULES["basel3.sa@2023"]
HOUSE: dict[str, Any] = {
    "amount": 100.0,
    "exposure_class": "RESIDENTIAL_REAL_ESTATE",
    "ltv": 0.7,
    "dependent": 0,
    "regulatory": 1,
    "splitting": 0,
    "prior_liens": 0.0,
    "counterparty_kind": "INDIVIDUAL",
    "currency_mismatch": 0,
}


def weighed(*rows: dict[str, Any]) -> Weighted:
    """Return the weights of exposures given as rows: an absent number is NaN, a text empty."""
    names = {name: value for row in rows for name, value in row.items()}
    return standardised.weighted(
        SA,
        {
            name: [row.get(name, "" if isinstance(value, str) else np.nan) for row in rows]
            for name, value in names.items()
        },
    )


def test_split_loan_has_a_secured_part_and_one_of_its_borrower() -> None:
    found = weighed(HOUSE | {"splitting": 1})
    assert found.row.tolist() == [0, 0]
    assert found.amount.sum() == pytest.approx(100.0)
    # CRE20.83: 55% of the value at 20%, the rest as an unsecured retail claim.
    assert found.amount[0] == pytest.approx(100 * 0.55 / 0.7)
    assert found.rwa.sum() == pytest.approx(100 * (0.55 * 0.2 + 0.15 * 0.75) / 0.7)


def test_split_loan_is_that_of_the_example_of_the_framework() -> None:
    # CRE20.83, footnote: 70,000 on a property of 100,000 is 55,000 at 20% and the rest at 75%.
    found = weighed(HOUSE | {"splitting": 1, "amount": 70_000.0})
    assert found.amount == pytest.approx([55_000.0, 15_000.0])
    assert found.weight.tolist() == [0.2, 0.75]


def test_prior_liens_take_from_what_is_secured() -> None:
    # The same loan behind a lien of 10,000: 45,000 is left below the line.
    found = weighed(
        HOUSE | {"splitting": 1, "amount": 70_000.0, "ltv": 0.8, "prior_liens": 0.1},
        HOUSE | {"splitting": 1, "ltv": 0.8, "prior_liens": 0.6},
    )
    assert found.amount == pytest.approx([45_000.0, 25_000.0, 0.0, 100.0])
    office = {**HOUSE, "exposure_class": "COMMERCIAL_REAL_ESTATE", "splitting": 1, "ltv": 0.8,
              "prior_liens": 0.1}  # fmt: skip
    assert weighed(office).amount == pytest.approx([100 * 0.45 / 0.7, 100 * 0.25 / 0.7])


def test_split_loan_below_the_line_has_one_part() -> None:
    found = weighed(HOUSE | {"splitting": 1, "ltv": 0.55})
    assert (found.amount.tolist(), found.weight.tolist()) == ([100.0], [0.2])


def test_dependent_loans_weigh_more() -> None:
    ltv = [0.5, 0.6, 0.8, 0.9, 1.0, 1.2]
    house = weighed(*[HOUSE | {"dependent": 1, "ltv": one} for one in ltv])
    assert house.weight.tolist() == [0.3, 0.35, 0.45, 0.6, 0.75, 1.05]
    office = {**HOUSE, "exposure_class": "COMMERCIAL_REAL_ESTATE", "dependent": 1}
    assert weighed(*[office | {"ltv": one} for one in ltv]).weight.tolist() == [
        0.7, 0.7, 0.9, 1.1, 1.1, 1.1,
    ]  # fmt: skip


def test_real_estate_that_meets_no_requirements_weighs_as_its_borrower_or_150() -> None:
    other = HOUSE | {"regulatory": 0}
    found = weighed(other, other | {"dependent": 1})
    assert found.weight.tolist() == [0.75, 1.5]
    assert set(found.exposure_class.tolist()) == {"OTHER_REAL_ESTATE"}


def test_currency_mismatch_multiplies_to_a_cap_and_lowers_nothing() -> None:
    found = weighed(
        HOUSE | {"currency_mismatch": 1},
        {"amount": 1, "exposure_class": "RETAIL", "retail_kind": "OTHER", "currency_mismatch": 1},
        HOUSE | {"currency_mismatch": 1, "dependent": 1, "ltv": 2.0},
    )
    assert found.weight == pytest.approx([0.45, 1.5, 1.5])


def test_currency_of_a_company_borrower_is_not_asked() -> None:
    found = weighed(HOUSE | {"counterparty_kind": "SME", "currency_mismatch": np.nan})
    assert found.weight.tolist() == [0.3]


def test_unrated_banks_weigh_by_grade() -> None:
    bank = {"amount": 1.0, "exposure_class": "BANK", "rating": "UNRATED", "short_term": 0}
    found = weighed(*[bank | {"scra_grade": grade} for grade in ("A_ENHANCED", "A", "B", "C")])
    assert found.weight.tolist() == [0.3, 0.4, 0.75, 1.5]
    short = weighed(*[bank | {"scra_grade": grade, "short_term": 1} for grade in ("A", "B", "C")])
    assert short.weight.tolist() == [0.2, 0.5, 1.5]


def test_defaulted_exposure_weighs_less_where_a_fifth_is_provided_for() -> None:
    loan = {"amount": 80.0, "exposure_class": "DEFAULTED", "outstanding": 100.0}
    found = weighed(*[loan | {"specific_provision": given} for given in (19.99, 20.0)])
    assert found.weight.tolist() == [1.5, 1.0]


def test_other_classes_weigh_as_their_paragraphs_say() -> None:
    one = {"amount": 1.0}
    found = weighed(
        one | {"exposure_class": "SPECIALISED_LENDING", "rating": "UNRATED",
               "specialised_kind": "PROJECT_PRE_OPERATIONAL"},
        one | {"exposure_class": "EQUITY", "equity_kind": "SPECULATIVE_UNLISTED"},
        one | {"exposure_class": "COVERED_BOND", "rating": "UNRATED", "issuer_weight": 0.3},
        one | {"exposure_class": "MDB", "rating": "A"},
        one | {"exposure_class": "PSE_BY_SOVEREIGN", "sovereign_rating": "A+"},
        one | {"exposure_class": "OTHER", "other_kind": "CASH"},
        one | {"exposure_class": "CORPORATE", "rating": "BBB"},
    )  # fmt: skip
    assert not found.breaks
    assert found.weight.tolist() == [1.3, 4.0, 0.15, 0.3, 0.5, 0.0, 0.75]
    assert found.rulebook == "basel3.sa@2023"
    assert found.paragraph.tolist()[-1] == "CRE20.43"


@pytest.mark.parametrize(
    ("changed", "rule", "field"),
    [
        ({"ltv": np.nan}, "CRE20.82", "ltv"),
        ({"ltv": -0.1}, "CRE20.82", "ltv"),
        ({"dependent": np.nan}, "CRE20.82", "dependent"),
        ({"dependent": 0.5}, "CRE20.82", "dependent"),
        ({"splitting": np.nan}, "CRE20.83", "splitting"),
        ({"splitting": 1, "prior_liens": np.nan}, "CRE20.83", "prior_liens"),
        ({"splitting": 1, "prior_liens": 0.9}, "CRE20.83", "prior_liens"),
        ({"counterparty_kind": ""}, "CRE20.82", "counterparty_kind"),
        ({"currency_mismatch": np.nan}, "CRE20.92", "currency_mismatch"),
        ({"amount": -1.0}, "exposure", "amount"),
        ({"amount": np.nan}, "exposure", "amount"),
        ({"amount": np.inf}, "exposure", "amount"),
        ({"exposure_class": "UNHEARD_OF"}, "exposure", "exposure_class"),
        ({"exposure_class": ""}, "exposure", "exposure_class"),
        ({"exposure_class": "SOVEREIGN", "rating": "AAAA"}, "CRE20.7", "rating"),
        ({"exposure_class": "SOVEREIGN", "rating": ""}, "CRE20.7", "rating"),
        ({"exposure_class": "SOVEREIGN"}, "CRE20.7", "rating"),
        (
            {"exposure_class": "BANK", "rating": "UNRATED", "short_term": 0, "scra_grade": "D"},
            "CRE20.21",
            "scra_grade",
        ),
        ({"exposure_class": "CORPORATE", "rating": "UNRATED"}, "CRE20.47", "sme"),
        ({"exposure_class": "EQUITY"}, "CRE20.57 to CRE20.59", "equity_kind"),
        (
            {"exposure_class": "COMMERCIAL_REAL_ESTATE", "counterparty_kind": "OTHER"},
            "CRE20.89",
            "counterparty_weight",
        ),
        ({"exposure_class": "DEFAULTED", "outstanding": 1.0}, "CRE20.105", "specific_provision"),
    ],
)
def test_missing_input_is_a_break_that_names_rule_and_field_and_never_a_weight(
    changed: dict[str, Any], rule: str, field: str
) -> None:
    found = weighed(HOUSE, HOUSE | changed)
    assert set(found.row.tolist()) == {0}
    (one,) = found.breaks
    assert (one.row, one.rule, one.field) == (1, rule, field)


def test_every_exposure_has_parts_that_sum_to_it_or_a_break() -> None:
    random = np.random.default_rng(5)
    rows = [
        HOUSE
        | {
            "exposure_class": str(random.choice(sorted(standardised.RULES))),
            "amount": float(random.uniform(-1, 10)),
            "ltv": float(random.choice([np.nan, 0.4, 0.8, 1.2])),
            "splitting": float(random.choice([np.nan, 0, 1])),
            "rating": str(random.choice(["", "AA", "B", "UNRATED"])),
            "counterparty_kind": str(random.choice(["INDIVIDUAL", "SME", "OTHER", ""])),
            "counterparty_weight": float(random.choice([np.nan, 0.65])),
        }
        for _ in range(600)
    ]
    found = weighed(*rows)
    broken = {one.row for one in found.breaks}
    assert len(broken) == len(found.breaks)
    assert broken.isdisjoint(found.row.tolist())
    assert broken | set(found.row.tolist()) == set(range(600))
    sums = np.bincount(found.row, found.amount, 600)
    whole = [0.0 if i in broken else row["amount"] for i, row in enumerate(rows)]
    assert sums == pytest.approx(whole, rel=1e-12)


def test_us_category_that_is_none_is_a_break() -> None:
    found = us_standardised.weighted(
        RULES["us.subpart_d@2020-04"], {"amount": [1.0, 2.0], "exposure_class": ["HVCRE", "X"]}
    )
    assert found.rwa.tolist() == [1.5]
    assert [(one.row, one.rule, one.field) for one in found.breaks] == [
        (1, "217.32", "exposure_class")
    ]


def test_ratio_that_is_not_supplied_is_refused_and_one_below_is_named() -> None:
    rules = RULES["us.pca@2018"]
    ratios = {"total_rbc": 0.12, "tier1_rbc": 0.07, "cet1": 0.07, "leverage": 0.05}
    found = us_standardised.shortfalls(rules, "well_capitalized", ratios)
    assert found == pytest.approx({"tier1_rbc": 0.01})
    with pytest.raises(CapitalError, match=r"well_capitalized\.total_rbc") as refused:
        us_standardised.shortfalls(rules, "well_capitalized", {})
    assert refused.value.code == "RWA_MISSING"


def test_conversion_of_an_unknown_kind_or_a_negative_amount_is_refused() -> None:
    with pytest.raises(CapitalError, match="'ODD'"):
        credit_equivalents(SA, [1.0], ["ODD"])
    with pytest.raises(CapitalError, match="undrawn"):
        credit_equivalents(SA, [-1.0], ["COMMITMENT"])
