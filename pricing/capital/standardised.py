"""Standardised risk weights of BCBS CRE20 of exposures in columns.

`weighted(rules, columns)` needs `amount` (net of specific provisions, after conversion factors)
and `exposure_class`, one of `RULES`; the columns a class needs are named at its rule. A missing
number is NaN, a missing text empty; flags are 1 and 0.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from pricing.capital.arrays import FloatArray, IntArray
from pricing.capital.property import commercial, residential
from pricing.capital.ratings import bands_of
from pricing.capital.rulebook import Rulebook
from pricing.capital.weighting import Columns, Sheet, Weighted, sheet

Rule = Callable[[Sheet, IntArray], None]
RULES_NAME = "basel3.sa"


def weighted(rules: Rulebook, columns: Columns) -> Weighted:
    """Return the parts of exposures with weight, class and paragraph, and the breaks."""
    found = sheet(rules, columns)
    every = np.arange(found.count)
    rows, kinds = found.texts(every[found.open], "exposure_class", "exposure")
    for kind in np.unique(kinds).tolist():
        of_kind = rows[kinds == kind]
        if kind not in RULES:
            found.refuse(of_kind, "exposure", "exposure_class", f"{kind!r} is no class of CRE20")
        else:
            RULES[kind](found, of_kind)
    return found.weighted()


def by_rating(kind: str, figure: str, column: str = "rating") -> Rule:
    """Return the rule of a table of weights by rating; UNRATED where the table has it."""

    def rule(at: Sheet, rows: IntArray) -> None:
        table = at.rules.numbers(figure)
        paragraph = at.rules.paragraph(figure)
        rows, ratings = at.texts(rows, column, paragraph)
        bands = bands_of(ratings, tuple(table))
        for rating in np.unique(ratings[bands == ""]).tolist():
            at.refuse(rows[ratings == rating], paragraph, column, f"{rating!r} has no weight")
        known = bands != ""
        weights = np.array([table[band] for band in bands[known].tolist()])
        at.part(rows[known], weights, kind, figure)

    return rule


def by_name(kind: str, figure: str, column: str) -> Rule:
    """Return the rule of a table of weights by what a column names."""

    def rule(at: Sheet, rows: IntArray) -> None:
        rows, weights = at.named(rows, column, figure)
        at.part(rows, weights, kind, figure)

    return rule


def flat(kind: str, figure: str) -> Rule:
    """Return the rule of one weight."""

    def rule(at: Sheet, rows: IntArray) -> None:
        at.part(rows, at.rules.number(figure), kind, figure)

    return rule


def bank(kind: str) -> Rule:
    """Return the rule of banks: by `rating`, or by `scra_grade` where UNRATED; `short_term`.

    Grade A weighs less as A_ENHANCED: CET1 >= 14% and leverage ratio >= 5%.
    """

    def rule(at: Sheet, rows: IntArray) -> None:
        paragraph = at.rules.paragraph("bank_ecra")
        rows, short = at.flags(rows, "short_term", paragraph)
        ratings = np.asarray(at.columns.get("rating", np.full(at.count, "")), dtype=np.str_)[rows]
        for is_short, suffix in ((False, ""), (True, "_short")):
            term = short == is_short
            at_rating = term & (ratings != "UNRATED")
            by_rating(kind, f"bank_ecra{suffix}")(at, rows[at_rating])
            graded = rows[term & (ratings == "UNRATED")]
            by_name(kind, f"bank_scra{suffix}", "scra_grade")(at, graded)

    return rule


def covered_bond(at: Sheet, rows: IntArray) -> None:
    """Weigh by the issue's `rating`; UNRATED by the issuing bank's weight, `issuer_weight`."""
    rows, ratings = at.texts(rows, "rating", at.rules.paragraph("covered_bond_rated"))
    by_rating("COVERED_BOND", "covered_bond_rated")(at, rows[ratings != "UNRATED"])
    table = {float(key): value for key, value in at.rules.numbers("covered_bond_unrated").items()}
    paragraph = at.rules.paragraph("covered_bond_unrated")
    rows, issuers = at.numbers(rows[ratings == "UNRATED"], "issuer_weight", paragraph)
    known = np.isin(issuers, list(table))
    at.refuse(rows[~known], paragraph, "issuer_weight", "is no weight of a bank")
    weights = np.array([table[issuer] for issuer in issuers[known].tolist()])
    at.part(rows[known], weights, "COVERED_BOND", "covered_bond_unrated")


def corporate(at: Sheet, rows: IntArray) -> None:
    """Weigh by `rating`; UNRATED by `sme`. Where ratings may not be used, CORPORATE_NO_RATINGS."""
    rows, ratings = at.texts(rows, "rating", at.rules.paragraph("corporate_rated"))
    unrated = ratings == "UNRATED"
    by_rating("CORPORATE", "corporate_rated")(at, rows[~unrated])
    rest = _small_firms(at, rows[unrated])
    at.part(rest, at.rules.number("corporate_unrated"), "CORPORATE", "corporate_unrated")


def corporate_no_ratings(at: Sheet, rows: IntArray) -> None:
    """Weigh by `investment_grade`, else by `sme`: jurisdictions that do not allow ratings."""
    rows, good = at.flags(
        rows, "investment_grade", at.rules.paragraph("corporate_investment_grade")
    )
    at.part(
        rows[good],
        at.rules.number("corporate_investment_grade"),
        "CORPORATE",
        "corporate_investment_grade",
    )
    rest = _small_firms(at, rows[~good])
    at.part(rest, at.rules.number("corporate_unrated"), "CORPORATE", "corporate_unrated")


def _small_firms(at: Sheet, rows: IntArray) -> IntArray:
    """Weigh small and medium firms, and return the rows that are none."""
    rows, small = at.flags(rows, "sme", at.rules.paragraph("corporate_sme"))
    at.part(rows[small], at.rules.number("corporate_sme"), "CORPORATE_SME", "corporate_sme")
    return rows[~small]


def specialised(at: Sheet, rows: IntArray) -> None:
    """Weigh by the issue's `rating` as corporates; UNRATED by `specialised_kind`."""
    rows, ratings = at.texts(rows, "rating", at.rules.paragraph("specialised"))
    unrated = ratings == "UNRATED"
    by_rating("SPECIALISED_LENDING", "corporate_rated")(at, rows[~unrated])
    by_name("SPECIALISED_LENDING", "specialised", "specialised_kind")(at, rows[unrated])


def retail(at: Sheet, rows: IntArray) -> None:
    """Weigh by `retail_kind`; more where `currency_mismatch`."""
    rows, weights = at.named(rows, "retail_kind", "retail")
    rows, weights = mismatched(at, rows, weights)
    at.part(rows, weights, "RETAIL", "retail")


def mismatched(at: Sheet, rows: IntArray, weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return weights, multiplied to a cap where the loan is not in the currency of the income."""
    figure = at.rules.numbers("currency_mismatch")
    kept, differs = at.flags(rows, "currency_mismatch", at.rules.paragraph("currency_mismatch"))
    held = weights[np.isin(rows, kept)]
    more = np.maximum(held, np.minimum(held * figure["multiplier"], figure["cap"]))
    return kept, np.where(differs, more, held)


def defaulted(at: Sheet, rows: IntArray) -> None:
    """Weigh by the share of `specific_provision` in `outstanding`: the unsecured part."""
    figure = at.rules.numbers("defaulted")
    paragraph = at.rules.paragraph("defaulted")
    rows, owed = at.numbers(rows, "outstanding", paragraph)
    rows_of, provision = at.numbers(rows, "specific_provision", paragraph)
    owed = owed[np.isin(rows, rows_of)]
    enough = provision >= figure["provision_share"] * owed
    weights = np.where(enough, figure["provisioned"], figure["weight"])
    at.part(rows_of, weights, "DEFAULTED", "defaulted")


RULES = MappingProxyType(
    {
        "SOVEREIGN": by_rating("SOVEREIGN", "sovereign"),
        "SOVEREIGN_ZERO": flat("SOVEREIGN", "sovereign_zero"),
        "PSE_BY_SOVEREIGN": by_rating("PSE", "pse_by_sovereign", "sovereign_rating"),
        "PSE_BY_RATING": by_rating("PSE", "pse_by_rating"),
        "MDB_ELIGIBLE": flat("MDB", "mdb_eligible"),
        "MDB": by_rating("MDB", "mdb"),
        "BANK": bank("BANK"),
        "SECURITIES_FIRM": bank("SECURITIES_FIRM"),
        "COVERED_BOND": covered_bond,
        "CORPORATE": corporate,
        "CORPORATE_NO_RATINGS": corporate_no_ratings,
        "SPECIALISED_LENDING": specialised,
        "RETAIL": retail,
        "RESIDENTIAL_REAL_ESTATE": residential(mismatched),
        "COMMERCIAL_REAL_ESTATE": commercial,
        "ADC": by_name("ADC", "adc", "adc_kind"),
        "SUBORDINATED": flat("SUBORDINATED", "subordinated"),
        "EQUITY": by_name("EQUITY", "equity", "equity_kind"),
        "DEFAULTED": defaulted,
        "DEFAULTED_RESIDENTIAL": flat("DEFAULTED", "defaulted_rre"),
        "OTHER": by_name("OTHER", "other", "other_kind"),
    }
)
"""The rule of each exposure class."""
