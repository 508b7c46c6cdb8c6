"""Steps of a loan's rate and its principal schedule as numbers of payments."""

from __future__ import annotations

from collections.abc import Sequence

from pricing.dates import date_of
from pricing.failure import Refused
from pricing.products.bond_plan import due_days
from pricing.products.rows import Row

Steps = Sequence[tuple[int, float]]

COLUMNS = {
    "rate_payment": "ragged i4",
    "rate_value": "ragged f8",
    "repaid_payment": "ragged i4",
    "repaid_share": "ragged f8",
    "grace": "i2",
    "grace_deferred": "i1",
    "pik_rate": "f8",
}
"""The columns of a plan in a packed batch.

From payment rate_payment[j] on the rate (of a floating loan: the margin) is rate_value[j]; payment
repaid_payment[j] repays the share repaid_share[j] of what is outstanding then.
"""


def row(
    steps: Steps | None, steps_place: str, schedule: Steps | None, original: float, dates: Row
) -> Row:
    """Return the columns of rate steps and of a schedule of principal on the dates of a row."""
    found: Row = {}
    if steps is not None:
        begins = {day: k for k, day in enumerate(due_days(dates)[:-1])}
        for index, (day, _) in enumerate(steps):
            if day not in begins:
                raise Refused(
                    "SCHEDULE_INVALID",
                    f"{steps_place}[{index}]: no period begins on {date_of(day)}",
                )
        found["rate_payment"] = [begins[day] for day, _ in steps]
        found["rate_value"] = [value for _, value in steps]
    if schedule is not None:
        found.update(_shares(schedule, original, dates))
    return found


def _shares(schedule: Steps, original: float, dates: Row) -> Row:
    """Return what each scheduled payment repays as a share of the balance before it.

    A share holds for whatever part of the loan is left after prepayment, or is ours.
    """
    due = {day: k for k, day in enumerate(due_days(dates)[1:])}
    balance = original
    numbers: list[int] = []
    shares: list[float] = []
    for index, (day, amount) in enumerate(schedule):
        place = f"terms.principal_schedule[{index}]"
        if day not in due:
            raise Refused("SCHEDULE_INVALID", f"{place}: no payment is due on {date_of(day)}")
        if amount > balance * (1.0 + 1e-12) + 0.005:
            raise Refused("AMOUNT_OUT_OF_RANGE", f"{place}: more than is outstanding is repaid")
        numbers.append(due[day])
        shares.append(min(amount / balance, 1.0) if balance > 0.0 else 1.0)
        balance = max(balance - amount, 0.0)
    return {"repaid_payment": numbers, "repaid_share": shares}
