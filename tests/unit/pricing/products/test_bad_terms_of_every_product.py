"""Every product, and every kind of derivative, is tried with fifteen kinds of bad terms or more."""

from __future__ import annotations

import pytest

from pricing.failure import CODES
from pricing.products import derivative
from pricing.products.registry import PRODUCTS
from tests.unit.pricing.pricers import test_loan_refusals, test_revolver_failures
from tests.unit.pricing.products import (
    test_bad_bonds,
    test_bad_derivatives,
    test_bad_forwards,
    test_bad_pools,
    test_bad_tranches,
)

LEAST = 15
Kind = tuple[str, str]
"""The code of a failure and the field its message names."""


def of_parameters(module: object, product_type: str) -> list[Kind]:
    cases = vars(module)["CASES"]
    return [case.values[-2:] for case in cases if case.values[0] == product_type]


TRIED: dict[str, list[Kind]] = {
    "ABS_MBS": [case[-2:] for case in test_bad_pools.CASES],
    "AMORT_LOAN": [case[-2:] for case in test_loan_refusals.BAD],
    "DERIVATIVE": [case.values[-2:] for case in test_bad_derivatives.CASES],
    "FX_FWD": [case[-2:] for case in test_bad_forwards.CASES],
    "STRUCTURED": [case[-2:] for case in test_bad_tranches.CASES],
    **{name: of_parameters(test_bad_bonds, name) for name in test_bad_bonds.GRID},
    **{name: of_parameters(test_revolver_failures, name) for name in ("DELAYED_DRAW", "REVOLVER")},
}


@pytest.mark.parametrize("product_type", PRODUCTS)
def test_product_is_tried_with_fifteen_kinds_of_bad_terms(product_type: str) -> None:
    kinds = TRIED[product_type]
    assert len(set(kinds)) >= LEAST
    for code, named in kinds:
        assert code in CODES
        # One mark has no field: whatever it is set to, no spread gives it.
        assert named or code == "SPREAD_NOT_SOLVED"


@pytest.mark.parametrize("kind", derivative.KINDS)
def test_kind_of_derivative_is_tried_with_fifteen_kinds_of_bad_terms(kind: str) -> None:
    assert len({case[-2:] for case in test_bad_derivatives.GROUPS[kind]}) >= LEAST


@pytest.mark.parametrize(
    ("product_type", "code", "named"),
    [
        ("AMORT_LOAN", "TERM_TOO_LONG", "terms.payments"),
        ("CALLABLE_BOND", "BAD_DATES", "terms.call_schedule[1]"),
        ("FLOATING_NOTE", "RATE_OUT_OF_RANGE", "terms.floor"),
        ("ABS_MBS", "TERM_TOO_LONG", "terms.wam"),
        ("FLOATING_NOTE", "UNKNOWN_INDEX", "LIBOR_3M"),
    ],
)
def test_mistakes_that_are_made_most_are_among_them(
    product_type: str, code: str, named: str
) -> None:
    """A negative term, a call after maturity, a floor above the cap, no such index."""
    assert (code, named) in TRIED[product_type]


def test_tranches_that_do_not_sum_to_the_collateral_are_among_them() -> None:
    assert any("balances sum to" in named for _, named in TRIED["STRUCTURED"])
