"""Indices and their fixings: read whole, refused at the place, never made up."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pricing import dates
from pricing.calendars import CALENDARS, ROLLS
from pricing.daycount import CONVENTIONS
from pricing.market import snapshot
from pricing.market.errors import MarketError
from pricing.market.indices import IndexKind

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def indexed(market: dict[str, Any]) -> dict[str, Any]:
    """A market with an overnight, a term, a prime and a swap rate index."""
    market["indices"] = {
        "SOFR": {
            "currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
            "calendar": "US-GOVT", "fixing_lag_days": 0, "curve": "USD-TREASURY",
        },
        "TERM_SOFR_3M": {
            "currency": "USD", "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
            "calendar": "US", "fixing_lag_days": 2, "curve": "USD-TREASURY",
        },
        "PRIME": {
            "currency": "USD", "kind": "PRIME", "day_count": "ACT/360", "calendar": "US",
            "curve": "USD-TREASURY", "margin": "0.0317", "roll": "FOLLOWING",
        },
        "EUR_CMS_10Y": {
            "currency": "EUR", "kind": "CMS", "tenor": "10Y", "day_count": "ACT/360",
            "calendar": "TARGET", "fixing_lag_days": 2, "curve": "EUR-GOVERNMENT",
            "leg_months": 12, "leg_day_count": "30E/360",
        },
    }  # fmt: skip
    market["fixings"] = {
        "SOFR": [["2022-12-28", "0.043"], ["2022-12-29", "0.043"], ["2022-12-30", "0.043"]],
        "PRIME": [["2022-12-15", "0.075"]],
    }
    return market


def test_index_says_how_its_rate_is_made(indexed: dict[str, Any]) -> None:
    indices = snapshot.parse(indexed).indices
    sofr, term, prime, swap = (
        indices[name] for name in ("SOFR", "TERM_SOFR_3M", "PRIME", "EUR_CMS_10Y")
    )
    assert (sofr.kind, sofr.months, sofr.fixing_lag_days) == (IndexKind.OVERNIGHT, 0, 0)
    assert CONVENTIONS[sofr.day_count] == "ACT/360"
    assert CALENDARS[sofr.calendar] == "US-GOVT"
    assert ROLLS[sofr.roll] == "MODIFIED_FOLLOWING"
    assert (term.kind, term.months, term.fixing_lag_days) == (IndexKind.TERM, 3, 2)
    assert (prime.margin, ROLLS[prime.roll]) == (0.0317, "FOLLOWING")
    assert (swap.months, swap.leg_months, swap.curve) == (120, 12, "EUR-GOVERNMENT")
    assert CONVENTIONS[swap.leg_day_count] == "30E/360"


def test_fixing_is_found_on_its_day_only(indexed: dict[str, Any]) -> None:
    market = snapshot.parse(indexed)
    day = dates.ordinal(market.as_of)
    assert market.fixing("SOFR", day) == 0.043
    assert market.fixing("SOFR", day + 1) is None
    assert market.fixing("SOFR", day - 3) is None
    assert market.fixing("PRIME", day) is None
    assert market.fixing("TERM_SOFR_3M", day) is None
    rates, known = market.fixings["SOFR"].at(np.array([[day, day - 9], [day + 9, day - 2]]))
    assert known.tolist() == [[True, False], [False, True]]
    assert np.array_equal(np.isnan(rates), ~known)


def test_index_without_a_fixing_yet_has_an_empty_history(indexed: dict[str, Any]) -> None:
    indexed["fixings"]["TERM_SOFR_3M"] = []
    market = snapshot.parse(indexed)
    rates, known = market.fixings["TERM_SOFR_3M"].at(np.array([5]))
    assert np.isnan(rates[0])
    assert not known[0]


def test_parts_that_are_absent_change_no_hash(
    market: dict[str, Any], indexed: dict[str, Any]
) -> None:
    bare = {key: value for key, value in indexed.items() if key not in ("indices", "fixings")}
    before, after = snapshot.parse(bare).hashes, snapshot.parse(indexed).hashes
    assert before == {name: after[name] for name in before}
    assert set(after) - set(before) == {
        "index/SOFR", "index/TERM_SOFR_3M", "index/PRIME", "index/EUR_CMS_10Y",
        "fixing/SOFR", "fixing/PRIME",
    }  # fmt: skip


def test_new_fixing_changes_the_hash_of_its_index_alone(indexed: dict[str, Any]) -> None:
    before = snapshot.parse(indexed).hashes
    changed = copy.deepcopy(indexed)
    changed["fixings"]["SOFR"][0][1] = "0.0431"
    changed["indices"]["PRIME"]["source"] = "said by someone else"
    after = snapshot.parse(changed).hashes
    assert {name for name in before if before[name] != after[name]} == {"fixing/SOFR"}


def put(*path: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


CASES: list[tuple[str, Change, str]] = [
    ("not_an_object", put("indices", value=[]), "indices"),
    ("name", put("indices", "sofr 3m", value={}), "indices.sofr 3m"),
    ("index_not_an_object", put("indices", "SOFR", value="SOFR"), "indices.SOFR"),
    ("unknown_field", put("indices", "SOFR", "lag", value=1), "indices.SOFR.lag"),
    ("currency", put("indices", "SOFR", "currency", value="XXQ"), "indices.SOFR.currency"),
    ("kind", put("indices", "SOFR", "kind", value="LIBOR"), "indices.SOFR.kind"),
    ("no_curve", put("indices", "SOFR", "curve", value=None), "indices.SOFR.curve"),
    ("curve", put("indices", "SOFR", "curve", value="MARS"), "indices.SOFR.curve"),
    ("curve_currency", put("indices", "SOFR", "curve", value="EUR-GOVERNMENT"),
     "indices.SOFR.curve"),
    ("overnight_tenor", put("indices", "SOFR", "tenor", value="3M"), "indices.SOFR.tenor"),
    ("no_tenor", put("indices", "TERM_SOFR_3M", "tenor", value=None),
     "indices.TERM_SOFR_3M.tenor"),
    ("day_count", put("indices", "SOFR", "day_count", value="ACT/364"),
     "indices.SOFR.day_count"),
    ("calendar", put("indices", "SOFR", "calendar", value="MARS"), "indices.SOFR.calendar"),
    ("roll", put("indices", "SOFR", "roll", value="NEAREST"), "indices.SOFR.roll"),
    ("lag", put("indices", "SOFR", "fixing_lag_days", value=-2), "indices.SOFR.fixing_lag_days"),
    ("lag_half", put("indices", "SOFR", "fixing_lag_days", value="1.5"),
     "indices.SOFR.fixing_lag_days"),
    ("margin_in_percent", put("indices", "PRIME", "margin", value="3.17"),
     "indices.PRIME.margin"),
    ("leg_of_a_term_rate", put("indices", "TERM_SOFR_3M", "leg_months", value=6),
     "indices.TERM_SOFR_3M"),
    ("leg_months", put("indices", "EUR_CMS_10Y", "leg_months", value=7),
     "indices.EUR_CMS_10Y.leg_months"),
    ("fixings_not_an_object", put("fixings", value=[]), "fixings"),
    ("fixing_of_no_index", put("fixings", "LIBOR", value=[]), "fixings.LIBOR"),
    ("fixing_not_a_pair", put("fixings", "SOFR", 1, value=["2022-12-29"]), "fixings.SOFR[1]"),
    ("fixing_date", put("fixings", "SOFR", 1, 0, value="29 Dec"), "fixings.SOFR[1]"),
    ("fixing_twice", put("fixings", "SOFR", 1, 0, value="2022-12-28"), "fixings.SOFR[1]"),
    ("fixing_of_tomorrow", put("fixings", "SOFR", 2, 0, value="2022-12-31"), "fixings.SOFR[2]"),
    ("fixing_in_percent", put("fixings", "SOFR", 2, 1, value="4.3"), "fixings.SOFR[2]"),
    ("fixing_nan", put("fixings", "SOFR", 2, 1, value="nan"), "fixings.SOFR[2]"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "change", "place"), CASES, ids=[case[0] for case in CASES])
def test_malformed_index_or_fixing_is_refused_at_its_place(
    _case: str, change: Change, place: str, indexed: dict[str, Any]
) -> None:
    change(indexed)
    with pytest.raises(MarketError) as refused:
        snapshot.parse(indexed)
    assert refused.value.place == place
