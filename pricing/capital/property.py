"""Loans on real estate: whole loan by loan to value, loan splitting, dependence on the property.

Columns: `ltv` (loan over value, prudent, prior liens in), `dependent` (on cash flows of the
property), `regulatory` (meets the requirements of CRE20.71), `splitting` (the rulebook's other
option; needs `prior_liens` over value), `counterparty_kind` (INDIVIDUAL, SME, OTHER) and, of OTHER,
`counterparty_weight`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pricing.capital.arrays import BoolArray, FloatArray, IntArray
from pricing.capital.weighting import Sheet

Mismatched = Callable[[Sheet, IntArray, FloatArray], tuple[IntArray, FloatArray]]
RESIDENTIAL, COMMERCIAL = "RESIDENTIAL_REAL_ESTATE", "COMMERCIAL_REAL_ESTATE"
OTHER = "OTHER_REAL_ESTATE"


def residential(mismatched: Mismatched) -> Callable[[Sheet, IntArray], None]:
    """Return the rule of residential loans; those of individuals feel a currency mismatch."""

    def parts(at: Sheet, rows: IntArray, weight: FloatArray, kind: str, figure: str,
              share: FloatArray | float = 1.0) -> None:  # fmt: skip
        rows_of, who = at.texts(rows, "counterparty_kind", at.rules.paragraph(figure))
        weight = weight[np.isin(rows, rows_of)]
        shares = np.broadcast_to(share, rows.shape)[np.isin(rows, rows_of)]
        person = who == "INDIVIDUAL"
        at.part(rows_of[~person], weight[~person], kind, figure, shares[~person])
        kept, more = mismatched(at, rows_of[person], weight[person])
        left = shares[person][np.isin(rows_of[person], kept)]
        at.part(kept, more, kind, figure, left)

    def rule(at: Sheet, rows: IntArray) -> None:
        rows, dependent = _sorted(at, rows, "rre_whole_loan")
        rows, ltv, dependent = _with_ltv(at, rows, dependent, "rre_whole_loan")
        bands = at.rules.bands("rre_dependent")
        parts(at, rows[dependent], bands.at(ltv[dependent]), RESIDENTIAL, "rre_dependent")
        rows, ltv = rows[~dependent], ltv[~dependent]
        rows_of, split = at.flags(rows, "splitting", at.rules.paragraph("rre_split"))
        ltv = ltv[np.isin(rows, rows_of)]
        bands = at.rules.bands("rre_whole_loan")
        parts(at, rows_of[~split], bands.at(ltv[~split]), RESIDENTIAL, "rre_whole_loan")
        rows, own = counterparty_weights(at, rows_of[split])
        ltv = ltv[split][np.isin(rows_of[split], rows)]
        figure = at.rules.numbers("rre_split")
        rows, secured, own = secured_share(at, rows, ltv, own, "rre_split")
        low = np.full(rows.shape, figure["weight"])
        parts(at, rows, low, RESIDENTIAL, "rre_split", secured)
        rest = secured < 1.0
        parts(at, rows[rest], own[rest], RESIDENTIAL, "real_estate_counterparty", 1 - secured[rest])

    return rule


def commercial(at: Sheet, rows: IntArray) -> None:
    """Weigh loans on commercial property."""
    rows, dependent = _sorted(at, rows, "cre_whole_loan")
    rows, ltv, dependent = _with_ltv(at, rows, dependent, "cre_whole_loan")
    bands = at.rules.bands("cre_dependent")
    at.part(rows[dependent], bands.at(ltv[dependent]), COMMERCIAL, "cre_dependent")
    rows, ltv = rows[~dependent], ltv[~dependent]
    rows_of, own = counterparty_weights(at, rows)
    ltv = ltv[np.isin(rows, rows_of)]
    kept, split = at.flags(rows_of, "splitting", at.rules.paragraph("cre_split"))
    own, ltv = own[np.isin(rows_of, kept)], ltv[np.isin(rows_of, kept)]
    whole = at.rules.numbers("cre_whole_loan")
    weight = np.where(ltv <= whole["ltv"], np.minimum(whole["weight"], own), own)
    at.part(kept[~split], weight[~split], COMMERCIAL, "cre_whole_loan")
    figure = at.rules.numbers("cre_split")
    rows, secured, own = secured_share(at, kept[split], ltv[split], own[split], "cre_split")
    at.part(rows, np.minimum(figure["weight"], own), COMMERCIAL, "cre_split", secured)
    rest = secured < 1.0
    at.part(rows[rest], own[rest], COMMERCIAL, "real_estate_counterparty", 1.0 - secured[rest])


def secured_share(
    at: Sheet, rows: IntArray, ltv: FloatArray, own: FloatArray, figure: str
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return rows, the share of each loan below the line of its property's value, and weights.

    Liens before the loan, `prior_liens` over value and within `ltv`, are taken from the line.
    """
    kept, liens = at.numbers(rows, "prior_liens", at.rules.paragraph(figure), 0.0, 1_000.0)
    among = np.isin(rows, kept)
    loan = ltv[among] - liens
    at.refuse(kept[loan < 0.0], at.rules.paragraph(figure), "prior_liens", "is more than ltv")
    line = np.maximum(at.rules.entry(figure, "share") - liens, 0.0)
    share = np.minimum(1.0, line / np.where(loan > 0.0, loan, np.inf))
    share = np.where(loan > 0.0, share, 1.0)
    good = at.open[kept]
    return kept[good], share[good], own[among][good]


def counterparty_weights(at: Sheet, rows: IntArray) -> tuple[IntArray, FloatArray]:
    """Return rows and the weight of an unsecured claim on their counterparty."""
    table = at.rules.numbers("real_estate_counterparty")
    paragraph = at.rules.paragraph("real_estate_counterparty")
    rows, kinds = at.texts(rows, "counterparty_kind", paragraph)
    known = np.isin(kinds, [*table, "OTHER"])
    at.refuse(rows[~known], paragraph, "counterparty_kind", "is none of INDIVIDUAL, SME, OTHER")
    rows, kinds = rows[known], kinds[known]
    supplied, own = at.numbers(rows[kinds == "OTHER"], "counterparty_weight", paragraph, 0.0, 1.5)
    weights = np.full(at.count, np.nan)
    for name, weight in table.items():
        weights[rows[kinds == name]] = weight
    weights[supplied] = own
    rows = rows[at.open[rows]]
    return rows, weights[rows]


def _sorted(at: Sheet, rows: IntArray, figure: str) -> tuple[IntArray, BoolArray]:
    """Weigh what is no regulatory real estate; return the rest and whether it is dependent."""
    paragraph = at.rules.paragraph(figure)
    rows_of, dependent = at.flags(rows, "dependent", paragraph)
    kept, regulatory = at.flags(rows_of, "regulatory", paragraph)
    dependent = dependent[np.isin(rows_of, kept)]
    other = kept[~regulatory & dependent]
    at.part(other, at.rules.number("other_real_estate_dependent"), OTHER,
            "other_real_estate_dependent")  # fmt: skip
    unsecured, own = counterparty_weights(at, kept[~regulatory & ~dependent])
    at.part(unsecured, own, OTHER, "real_estate_counterparty")
    return kept[regulatory], dependent[regulatory]


def _with_ltv(
    at: Sheet, rows: IntArray, dependent: BoolArray, figure: str
) -> tuple[IntArray, FloatArray, BoolArray]:
    kept, ltv = at.numbers(rows, "ltv", at.rules.paragraph(figure), 0.0, 1_000.0)
    return kept, ltv, dependent[np.isin(rows, kept)]
