"""A curve that cannot be built names its quote, before any number is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pricing.market import bootstrap, snapshot
from pricing.market.errors import MarketError

Change = Callable[[dict[str, Any]], None]

SOFR, TERM, FX, BONDS = 2, 1, 0, 4


def put(*path: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


def quote(curve: int, place: int, key: str, value: Any) -> Change:
    return put("curves", curve, "quotes", place, key, value=value)


CASES: list[tuple[str, Change, str]] = [
    ("none", put("curves", SOFR, "quotes", value=[]), "USD-SOFR.quotes"),
    ("not_a_list", put("curves", SOFR, "quotes", value={}), "USD-SOFR.quotes"),
    ("not_an_object", put("curves", SOFR, "quotes", 1, value="1M"), "USD-SOFR.quotes[1]"),
    ("kind", quote(SOFR, 1, "kind", "LIBOR"), "USD-SOFR.quotes[1].kind"),
    ("field", quote(SOFR, 1, "rte", "0.04"), "USD-SOFR.quotes[1].rte"),
    ("tenor", quote(SOFR, 1, "tenor", "1 month"), "USD-SOFR.quotes[1] (OIS 1 month).tenor"),
    ("too_long", quote(SOFR, 8, "tenor", "300Y"), "USD-SOFR.quotes[8] (OIS 300Y).tenor"),
    ("no_rate", quote(SOFR, 1, "rate", None), "USD-SOFR.quotes[1] (OIS 1M).rate"),
    ("nan", quote(SOFR, 1, "rate", "nan"), "USD-SOFR.quotes[1] (OIS 1M).rate"),
    ("percent", quote(SOFR, 1, "rate", "4.43"), "USD-SOFR.quotes[1] (OIS 1M).rate"),
    ("unsolvable", quote(SOFR, 7, "rate", "0.9"), "USD-SOFR.quotes[7] (OIS 10Y)"),
    ("order", quote(SOFR, 5, "tenor", "18M"), "USD-SOFR.quotes[5] (OIS 18M)"),
    ("twice", quote(SOFR, 5, "tenor", "2Y"), "USD-SOFR.quotes[5] (OIS 2Y)"),
    ("begun", quote(SOFR, 2, "start", "2022-12-21"),
     "USD-SOFR.quotes[2] (FUTURES 2022-12-21).start"),
    ("convexity", quote(SOFR, 2, "convexity", "5"),
     "USD-SOFR.quotes[2] (FUTURES 2023-03-15).convexity"),
    ("two_convexities", quote(SOFR, 2, "hull_white", {"mean_reversion": "0", "sigma": "0.01"}),
     "USD-SOFR.quotes[2] (FUTURES 2023-03-15).hull_white"),
    ("model_sigma", put("curves", TERM, "quotes", 3,
     value={"kind": "FUTURES", "start": "2023-06-21", "price": "94.90",
            "hull_white": {"mean_reversion": "0.03", "sigma": "1.2"}}),
     "USD-TERM.quotes[3] (FUTURES 2023-06-21).hull_white.sigma"),
    ("model_field", put("curves", TERM, "quotes", 3,
     value={"kind": "FUTURES", "start": "2023-06-21", "price": "94.90",
            "hull_white": {"reversion": "0.03", "sigma": "0.01"}}),
     "USD-TERM.quotes[3] (FUTURES 2023-06-21).hull_white.reversion"),
    ("price", quote(SOFR, 2, "price", "0.95"), "USD-SOFR.quotes[2] (FUTURES 2023-03-15).price"),
    ("index_unknown", quote(SOFR, 1, "index", "SONIA"), "USD-SOFR.quotes[1] (OIS 1M).index"),
    ("index_kind", quote(TERM, 4, "index", "SOFR"), "USD-TERM.quotes[4] (SWAP 2Y).index"),
    ("circle_of_indices", quote(SOFR, 1, "index", "SOFR_3M"), "USD-SOFR.quotes"),
    ("index_of_another", quote(TERM, 4, "index", "EURIBOR_3M"),
     "USD-TERM.quotes[4] (SWAP 2Y).index"),
    ("basis_to_itself", quote(TERM, 7, "against", "SOFR_3M"),
     "USD-TERM.quotes[7] (BASIS 15Y).against"),
    ("spread_on", quote(TERM, 7, "spread_on", "BOTH"),
     "USD-TERM.quotes[7] (BASIS 15Y).spread_on"),
    ("months", quote(TERM, 4, "months", "5"), "USD-TERM.quotes[4] (SWAP 2Y).months"),
    ("calendar", quote(TERM, 4, "calendar", "US+MARS"), "USD-TERM.quotes[4] (SWAP 2Y).calendar"),
    ("beyond", quote(TERM, 8, "tenor", "40Y"), "USD-TERM.quotes[8] (SWAP 40Y)"),
    ("convention", put("curves", TERM, "conventions", "SWAP", "lag", value=2),
     "USD-TERM.conventions.SWAP.lag"),
    ("pair", quote(FX, 0, "base", "GBP"), "EUR-USD.quotes[0] (FX_FORWARD 3M).base"),
    ("far", quote(FX, 0, "rate", "107.25"), "EUR-USD.quotes[0] (FX_FORWARD 3M).rate"),
    ("no_spot", put("fx", value=[]), "EUR-USD.quotes[0] (FX_FORWARD 3M)"),
    ("collateral", quote(FX, 0, "collateral", "MARS"),
     "EUR-USD.quotes[0] (FX_FORWARD 3M).collateral"),
    ("one_currency", quote(FX, 2, "against", "EURIBOR_3M"),
     "EUR-USD.quotes[2] (XCCY_BASIS 5Y).against"),
    ("resetting", quote(FX, 3, "resetting", "yes"), "EUR-USD.quotes[3] (XCCY_BASIS 10Y).resetting"),
    ("matured", quote(BONDS, 0, "maturity", "2022-03-01"),
     "USD-BONDS.quotes[0] (BOND 2022-03-01).maturity"),
    ("circle", put("curves", SOFR, "discount_curve", value="USD-TERM"), "USD-SOFR.quotes"),
    ("discount", put("curves", SOFR, "discount_curve", value="MARS"), "USD-SOFR.discount"),
    ("nodes", put("curves", SOFR, "nodes", value=[["2023-12-30", "0.04"]]), "USD-SOFR.nodes"),
    ("cds_field", put("credit", 0, "quotes", 1, "upfront", value="0.1"),
     "ACME.quotes[1].upfront"),
    ("cds_spread", put("credit", 0, "quotes", 1, "spread", value="-0.01"),
     "ACME.quotes[1] (CDS 3Y).spread"),
    ("cds_unsolvable", put("credit", 0, "quotes", 1, "spread", value="0.0001"),
     "ACME.quotes[1] (CDS 3Y)"),
    ("cds_none", put("credit", 0, "quotes", value=[]), "ACME.quotes"),
    ("cds_model", put("credit", 0, "quotes", 1, "model", value="BLACK"),
     "ACME.quotes[1] (CDS 3Y).model"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "change", "place"), CASES, ids=[case[0] for case in CASES])
def test_quote_that_makes_no_curve_is_named(
    _case: str, change: Change, place: str, quoted: dict[str, Any]
) -> None:
    change(quoted)
    with pytest.raises(MarketError) as refused:
        bootstrap.calibrated(quoted)
    assert refused.value.place == place


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (put("curves", SOFR, "jacobian", value=[]), "curves[2].jacobian"),
        (put("curves", SOFR, "jacobian", value={"MARS": []}), "curves[2].jacobian.MARS"),
        (put("curves", SOFR, "jacobian", "USD-SOFR", value=[]), "curves[2].jacobian.USD-SOFR"),
        (put("curves", SOFR, "jacobian", "USD-SOFR", 1, value=["1"]),
         "curves[2].jacobian.USD-SOFR[1]"),
        (put("curves", SOFR, "jacobian", "USD-SOFR", 1, 2, value="1e9"),
         "curves[2].jacobian.USD-SOFR[1][2]"),
        (put("credit", 0, "jacobian", 1, value=[]), "credit[0].jacobian[1]"),
    ],
    ids=["list", "curve", "rows", "row", "cell", "credit"],
)  # fmt: skip
def test_malformed_jacobian_is_refused_at_its_place(
    change: Change, place: str, quoted: dict[str, Any]
) -> None:
    made = bootstrap.calibrated(quoted)
    change(made)
    with pytest.raises(MarketError) as refused:
        snapshot.parse(made)
    assert refused.value.place == place
