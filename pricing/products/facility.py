"""What a facility adds to the terms and state of a position that is drawn under it.

What the position's own terms say goes first: a facility fills what they leave open. An election is
the exception: it replaces the rate that the terms state. docs/methods/facility.md has the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pricing.failure import Refused
from pricing.position import PositionInput

Found = dict[str, Any]

COMMITTED = ("REVOLVER", "DELAYED_DRAW")
_OF_INDEX = ("index", "margin", "margin_steps", "index_floor", "floor", "cap")


def under_facility(position: PositionInput) -> PositionInput:
    """Return the position with what its facility adds, itself where it has none."""
    facility: Any = position.facility
    if facility is None:
        return position
    if not isinstance(facility, Mapping):
        raise Refused("TERMS_INVALID", "facility: an object is expected")
    found: tuple[Any, Any] = (position.terms, position.state)
    if not all(isinstance(part, Mapping) for part in found):
        # That it is no object is for the product to say.
        return position
    terms, state = dict(position.terms), dict(position.state)
    if position.product_type == "AMORT_LOAN":
        _prepayment(facility, terms)
        _loan_election(facility, terms)
    elif position.product_type == "CALLABLE_BOND":
        _make_whole(facility, terms)
    elif position.product_type in COMMITTED:
        _committed(position.product_type, facility, terms, state)
    return replace(position, terms=terms, state=state, facility=None)


def _part(facility: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = facility.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise Refused("TERMS_INVALID", f"facility.{name}: an object is expected")
    return part


def _parts(facility: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    parts = facility.get(name) or ()
    listed = isinstance(parts, Sequence) and not isinstance(parts, str)
    if not listed or not all(isinstance(part, Mapping) for part in parts):
        raise Refused("TERMS_INVALID", f"facility.{name}: a list of objects is expected")
    return parts


def _prepayment(facility: Mapping[str, Any], terms: Found) -> None:
    """Fill lock-out and penalties of a loan that is assumed to prepay."""
    assumed, agreed = terms.get("prepayment"), _part(facility, "prepayment")
    if not isinstance(assumed, Mapping) or assumed.get("kind") == "NONE" or not agreed:
        return
    for name in ("make_whole_spread", "yield_maintenance"):
        if agreed.get(name) and assumed.get("penalty_steps") is None:
            raise Refused(
                "TERMS_INVALID",
                f"facility.prepayment.{name}: not valued on assumed prepayments; give "
                "terms.prepayment.penalty_steps",
            )
    filled = dict(assumed)
    if filled.get("lock_out_until") is None and agreed.get("lock_out_until") is not None:
        filled["lock_out_until"] = agreed["lock_out_until"]
    if filled.get("penalty_steps") is None and agreed.get("penalties"):
        penalties = _parts(agreed, "penalties")
        filled["penalty_steps"] = [[step.get("until"), step.get("share")] for step in penalties]
    terms["prepayment"] = filled


def _make_whole(facility: Mapping[str, Any], terms: Found) -> None:
    spread = _part(facility, "prepayment").get("make_whole_spread")
    calls = terms.get("call_schedule") is not None
    if calls and spread is not None and terms.get("make_whole_spread") is None:
        terms["make_whole_spread"] = spread


def _committed(product_type: str, facility: Mapping[str, Any], terms: Found, state: Found) -> None:
    if terms.get("unconditionally_cancellable") is None:
        cancellable = facility.get("unconditionally_cancellable")
        if cancellable is not None:
            terms["unconditionally_cancellable"] = cancellable
    if terms.get("fees") is None:
        fees = _fees(_parts(facility, "fees"), terms)
        if fees:
            terms["fees"] = fees
    base = _part(facility, "borrowing_base").get("amount")
    if product_type == "REVOLVER" and base is not None and state.get("borrowing_base") is None:
        state["borrowing_base"] = base
    option = _elected(facility)
    if option is None:
        return
    for name in _OF_INDEX if "rate" in option else ("rate", "margin_steps"):
        terms.pop(name, None)
    _set_rate(option, terms)
    if "index" in option:
        terms["index_floor"] = option.get("floor")
    if option.get("day_count") is not None:
        terms["interest_basis"] = option["day_count"]


_FEES = {
    "COMMITMENT": "commitment",
    "FACILITY": "facility",
    "LETTER_OF_CREDIT": "letters_of_credit",
}
_NOT_PERIODIC = ("FRONTING", "UPFRONT", "AGENCY", "AMENDMENT", "EXIT")
"""Fees that no period's balance earns for us: paid once, to the agent or to the issuer."""


def _fees(fees: Sequence[Mapping[str, Any]], terms: Mapping[str, Any]) -> Found:
    """Return the `fees` of a commitment's terms; refuse a periodic fee that they cannot say."""
    found: Found = {}
    bases: set[Any] = set()
    tiers: list[tuple[float, Any, Any]] = []
    for place, fee in enumerate(fees):
        kind, where = fee.get("kind"), f"facility.fees[{place}]"
        if kind in _NOT_PERIODIC:
            continue
        rate = fee.get("rate")
        if rate is None:
            raise Refused(
                "TERMS_INVALID", f"{where}.rate: is missing, an amount a period is not valued"
            )
        if fee.get("ends") is not None and str(fee["ends"]) < str(terms.get("maturity_date", "")):
            raise Refused("TERMS_INVALID", f"{where}.ends: a fee that ends early is not valued")
        starts = fee.get("starts")
        late = starts is not None and str(starts) > str(terms.get("start_date", ""))
        bases.add(fee.get("day_count"))
        if kind == "TICKING":
            if "ticking" in found or "ticking_steps" in found:
                raise Refused("TERMS_INVALID", f"{where}: stands twice")
            found.update({"ticking_steps": [[starts, rate]]} if late else {"ticking": rate})
            continue
        if late:
            raise Refused("TERMS_INVALID", f"{where}.starts: only a ticking fee starts late")
        if kind == "UTILISATION":
            above = fee.get("above") or "0"
            tiers.append((_share(above, f"{where}.above"), above, rate))
            continue
        name = _FEES.get(str(kind))
        if name is None or name in found:
            raise Refused("TERMS_INVALID", f"{where}.kind: is unknown or stands twice")
        found[name] = rate
    if tiers:
        tiers.sort(key=lambda tier: tier[0])
        found["utilisation_above"] = [above for _, above, _ in tiers]
        found["utilisation"] = [rate for _, _, rate in tiers]
    if len(bases) > 1:
        raise Refused("TERMS_INVALID", "facility.fees: day counts differ between fees")
    (basis,) = bases or {None}
    if found and basis is not None:
        found["basis"] = basis
    return found


def _share(value: Any, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise Refused("TERMS_INVALID", f"{where}: a number is expected") from None


def _loan_election(facility: Mapping[str, Any], terms: Found) -> None:
    option = _elected(facility)
    if option is None:
        return
    if "rate" in option:
        terms.pop("floating", None)
        terms["rate"] = option["rate"]
    else:
        written = terms.get("floating")
        floating = dict(written) if isinstance(written, Mapping) else {}
        floating.pop("margin_steps", None)
        _set_rate(option, floating)
        floating["index_floor"] = option.get("floor")
        terms["floating"] = floating
        terms.pop("rate_steps", None)
    if option.get("day_count") is not None:
        terms["interest_basis"] = option["day_count"]


def _set_rate(option: Mapping[str, Any], terms: Found) -> None:
    if "rate" in option:
        terms["rate"] = option["rate"]
        return
    same = terms.get("index") == option.get("index")
    margin = option.get("margin")
    if margin is None:
        # A grid needs the result of its test: of the option in use it is the margin of the terms.
        if not same or terms.get("margin") is None:
            raise Refused(
                "TERMS_INVALID",
                f"facility.rate_options.margin_grid: the margin of {option.get('code')} is not "
                "known; give it in the terms with its index",
            )
        margin = terms["margin"]
    terms["index"], terms["margin"] = option.get("index"), margin


def _elected(facility: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the rate option in force, None without an election."""
    elected = {str(election.get("option")) for election in _parts(facility, "elections")}
    if not elected:
        return None
    if len(elected) > 1:
        raise Refused(
            "TERMS_INVALID",
            f"facility.elections: {' and '.join(sorted(elected))} are in force at once; a position "
            "has one rate",
        )
    (code,) = elected
    for option in _parts(facility, "rate_options"):
        if option.get("code") == code:
            return {name: value for name, value in option.items() if value is not None}
    raise Refused("TERMS_INVALID", f"facility.elections: {code} is no option of rate_options")
