"""Random swaps against QuantLib's: value, par rate and parallel sensitivity."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import QuantLib as ql

from tests.quantlib_derivatives import (
    EUR_NODES,
    FX,
    GOVT,
    OIS_NODES,
    SWAP_NODES,
    TARGET,
    TODAY,
    curve,
    euribor,
    iso,
    market,
    schedule,
    sofr,
    term_index,
)

COUNT = 60
Values = Callable[..., list[dict[str, float]]]
FREQUENCY = {1: "MONTHLY", 3: "QUARTERLY", 6: "SEMIANNUAL", 12: "ANNUAL"}
DAY_COUNT = {
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis),
    "ACT/360": ql.Actual360(),
    "ACT/365F": ql.Actual365Fixed(),
}


def dates(rng: random.Random, calendar: ql.Calendar = GOVT) -> tuple[ql.Date, ql.Date]:
    """Return a start on a business day around today and a maturity in whole years or odd."""
    start = calendar.adjust(TODAY + rng.randint(-200, 400), ql.ModifiedFollowing)
    months = rng.choice([12, 24, 36, 60, 84, 120, 240, 360, 30, 45])
    maturity = start + ql.Period(months, ql.Months) + rng.choice([0, 0, 11])
    return start, max(maturity, TODAY + 40)


def both(make: Callable[[float], ql.Swap], step: float = 1e-4) -> tuple[ql.Swap, float]:
    """Return the swap and its central difference for a move of every curve."""
    return make(0.0), (make(-step).NPV() - make(step).NPV()) / 2.0


def test_swaps_on_a_term_rate_equal_vanilla_swaps(
    values: Values,
) -> None:
    rng = random.Random(1)
    contracts, swaps = [], []
    for _ in range(COUNT):
        start, maturity = dates(rng)
        months, basis = rng.choice([6, 12]), rng.choice(list(DAY_COUNT))
        rate, spread, pays = rng.uniform(0, 0.08), rng.uniform(-0.01, 0.02), rng.random() < 0.5
        fixed = {"rate": repr(rate), "frequency": FREQUENCY[months], "day_count": basis,
                 "calendar": "US-GOVT"}  # fmt: skip
        floating = {"index": "TERM", "spread": repr(spread), "day_count": "ACT/360",
                    "calendar": "US-GOVT"}  # fmt: skip
        contracts.append(
            {
                "kind": "IRS", "start_date": iso(start), "maturity_date": iso(maturity),
                "notional": "1000000",
                "pay": fixed if pays else floating, "receive": floating if pays else fixed,
            }
        )  # fmt: skip

        def make(
            shift: float, start: ql.Date = start, maturity: ql.Date = maturity,
            months: int = months, rate: float = rate, spread: float = spread,
            basis: str = basis, pays: bool = pays,
        ) -> ql.Swap:  # fmt: skip
            swap = ql.VanillaSwap(
                ql.Swap.Payer if pays else ql.Swap.Receiver, 1e6,
                schedule(start, maturity, months), rate, DAY_COUNT[basis],
                schedule(start, maturity, 3), term_index(curve(SWAP_NODES, shift)), spread,
                ql.Actual360(),
            )  # fmt: skip
            swap.setPricingEngine(ql.DiscountingSwapEngine(curve(OIS_NODES, shift)))
            return swap

        swaps.append(both(make))
    for found, (swap, dv01) in zip(values(contracts, market()), swaps, strict=True):
        assert found["PV@BASE"] == pytest.approx(swap.NPV(), abs=1e-6)
        assert found["DV01@BASE/ALL"] == pytest.approx(dv01, abs=1e-6)
        assert found["DV01@BASE/USD"] == found["DV01@BASE/ALL"]
        assert found["PAR_RATE@BASE"] == pytest.approx(swap.fairRate(), abs=1e-11)


def test_overnight_swaps_equal_overnight_indexed_swaps(
    values: Values,
) -> None:
    rng = random.Random(2)
    contracts, swaps = [], []
    for _ in range(COUNT):
        start, maturity = dates(rng)
        rate, lag, pays = rng.uniform(0, 0.08), rng.choice([0, 2]), rng.random() < 0.5
        fixed = {"rate": repr(rate), "frequency": "ANNUAL", "day_count": "ACT/360",
                 "calendar": "US-GOVT", "payment_lag_days": lag}  # fmt: skip
        floating = {**{k: v for k, v in fixed.items() if k != "rate"}, "index": "SOFR"}
        contracts.append(
            {
                "kind": "OIS", "start_date": iso(start), "maturity_date": iso(maturity),
                "notional": "1000000",
                "pay": fixed if pays else floating, "receive": floating if pays else fixed,
            }
        )  # fmt: skip

        def make(
            shift: float, start: ql.Date = start, maturity: ql.Date = maturity,
            rate: float = rate, lag: int = lag, pays: bool = pays,
        ) -> ql.Swap:  # fmt: skip
            handle = curve(OIS_NODES, shift)
            swap = ql.OvernightIndexedSwap(
                ql.Swap.Payer if pays else ql.Swap.Receiver, 1e6,
                schedule(start, maturity, 12), rate, ql.Actual360(), sofr(handle), 0.0, lag,
                ql.ModifiedFollowing, GOVT,
            )  # fmt: skip
            swap.setPricingEngine(ql.DiscountingSwapEngine(handle))
            return swap

        swaps.append(both(make))
    for found, (swap, dv01) in zip(values(contracts, market()), swaps, strict=True):
        assert found["PV@BASE"] == pytest.approx(swap.NPV(), abs=1e-6)
        assert found["DV01@BASE/USD"] == pytest.approx(dv01, abs=1e-6)
        assert found["PAR_RATE@BASE"] == pytest.approx(swap.fairRate(), abs=1e-11)


def test_amortising_swaps_equal_nonstandard_swaps(
    values: Values,
) -> None:
    rng = random.Random(3)
    contracts, swaps = [], []
    for _ in range(COUNT // 3):
        start = GOVT.adjust(TODAY + rng.randint(-150, 300), ql.ModifiedFollowing)
        maturity = start + ql.Period(12 * rng.choice([3, 5, 8]), ql.Months)
        fixed_dates, floating_dates = schedule(start, maturity, 6), schedule(start, maturity, 3)
        unmoved = ql.Schedule(
            start, maturity, ql.Period(6, ql.Months), ql.NullCalendar(), ql.Unadjusted,
            ql.Unadjusted, ql.DateGeneration.Backward, False,
        )  # fmt: skip
        count = len(list(fixed_dates)) - 1
        left = [1e6 * (count - k) / count for k in range(count)]
        twice = [amount for amount in left for _ in range(2)][: len(list(floating_dates)) - 1]
        steps = [
            [iso(day), repr(amount)]
            for day, amount in zip(list(unmoved)[1:-1], left[1:], strict=True)
        ]
        rate = rng.uniform(0.01, 0.06)
        shared = {"calendar": "US-GOVT", "notional_schedule": steps}
        contracts.append(
            {
                "kind": "IRS", "start_date": iso(start), "maturity_date": iso(maturity),
                "notional": "1000000",
                "pay": {"rate": repr(rate), "frequency": "SEMIANNUAL", "day_count": "30/360",
                        **shared},
                "receive": {"index": "TERM", "day_count": "ACT/360", **shared},
            }
        )  # fmt: skip

        def make(
            shift: float, fixed_dates: ql.Schedule = fixed_dates, left: list[float] = left,
            floating_dates: ql.Schedule = floating_dates, twice: list[float] = twice,
            rate: float = rate,
        ) -> ql.Swap:  # fmt: skip
            swap = ql.NonstandardSwap(
                ql.Swap.Payer, left, twice, fixed_dates, [rate] * len(left), DAY_COUNT["30/360"],
                floating_dates, term_index(curve(SWAP_NODES, shift)), [1.0] * len(twice),
                [0.0] * len(twice), ql.Actual360(),
            )  # fmt: skip
            swap.setPricingEngine(ql.DiscountingSwapEngine(curve(OIS_NODES, shift)))
            return swap

        swaps.append(both(make))
    for found, (swap, dv01) in zip(values(contracts, market()), swaps, strict=True):
        assert found["PV@BASE"] == pytest.approx(swap.NPV(), abs=1e-6)
        assert found["DV01@BASE/USD"] == pytest.approx(dv01, abs=1e-6)


def test_cross_currency_swaps_equal_their_legs(
    values: Values,
) -> None:
    rng = random.Random(4)
    contracts, expected = [], []
    for _ in range(COUNT // 3):
        start, maturity = dates(rng, TARGET)
        spread = rng.uniform(-0.01, 0.01)
        dollars = {"index": "TERM", "day_count": "ACT/360", "calendar": "US-GOVT"}
        euros = {"index": "EURO", "day_count": "ACT/360", "calendar": "TARGET",
                 "frequency": "SEMIANNUAL", "currency": "EUR", "spread": repr(spread),
                 "notional": "900000"}  # fmt: skip
        contracts.append(
            {
                "kind": "XCCY", "start_date": iso(start), "maturity_date": iso(maturity),
                "notional": "1000000", "receive": {**dollars, "notional": "1000000"},
                "pay": euros,
            }
        )  # fmt: skip
        legs = [
            _leg(1e6, start, maturity, 3, GOVT, term_index(curve(SWAP_NODES)), 0.0),
            _leg(9e5, start, maturity, 6, TARGET, euribor(curve(EUR_NODES)), spread),
        ]
        handles = [curve(OIS_NODES), curve(EUR_NODES)]
        expected.append(
            [
                ql.CashFlows.npv(list(leg), handle.currentLink(), False)
                for leg, handle in zip(legs, handles, strict=True)
            ]
        )
    for found, (dollars_worth, euros_worth) in zip(
        values(contracts, market()), expected, strict=True
    ):
        assert found["FX_EXPOSURE@BASE/USD"] == pytest.approx(dollars_worth, abs=1e-6)
        assert found["FX_EXPOSURE@BASE/EUR"] == pytest.approx(-euros_worth, abs=1e-6)
        assert found["PV@BASE"] == pytest.approx(dollars_worth - FX * euros_worth, abs=1e-6)


def _leg(
    notional: float, start: ql.Date, maturity: ql.Date, months: int, calendar: ql.Calendar,
    index: ql.IborIndex, spread: float,
) -> list[ql.CashFlow]:  # fmt: skip
    """Return interest and both exchanges of the notional."""
    dates_of = schedule(start, maturity, months, calendar)
    coupons = ql.IborLeg(
        [notional], dates_of, index, ql.Actual360(), ql.ModifiedFollowing, spreads=[spread],
        fixingDays=[2],
    )  # fmt: skip
    last = calendar.adjust(maturity, ql.ModifiedFollowing)
    return [ql.SimpleCashFlow(-notional, start), *coupons, ql.SimpleCashFlow(notional, last)]
