"""Which published cases a product meets, and which of them were added to the golden collection."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
ADDED = {
    "ifrs.sme.s11.amortised_cost",
    "ore.curves.usd_dual", "ore.pnlexplain.swaplegs", "ore.saccr.credit_risk",
    "ql.bonds.excoupon_gilt", "ql.callable.both", "ql.callable.put",
    "tieout.clo", "ust.II.B.short_first", "ust.II.E.reopen_long_first_regular",
    "ust.II.G.reopen_long_first_fraction", "ust.III.B.tips_reopened", "ust.IV.B.frn_premium",
    "ust.IV.C.frn_reopened",
}  # fmt: skip
AS_A_BOND = {
    "ore.bond18.Bond_Amortizing_FixedAmount", "ore.bond18.Bond_Amortizing_Percentage_Previous",
}  # fmt: skip
AS_A_POOL = {
    "bma.sf13.abs", "bma.sf14.abs_table", "bma.sf20.cumdef_matrix", "fabozzi.passthrough_400m",
}  # fmt: skip
AS_PAPER = {"ql.bonds.zero.1", "ql.bonds.zero.3"}
FOLDERS = {
    "ABS_MBS": "pool", "AMORT_LOAN": "loan", "CALLABLE_BOND": "callable_bond",
    "DERIVATIVE": "derivative", "FIXED_BOND": "bond", "FLOATING_NOTE": "floating_note",
    "FX_FWD": "fx_forward", "INFLATION_BOND": "inflation_bond", "REVOLVER": "revolver",
    "STRUCTURED": "structured",
    "ZERO_COUPON": "zero_coupon",
}  # fmt: skip
ALSO = {"ABS_MBS": AS_A_POOL, "FIXED_BOND": AS_A_BOND, "ZERO_COUPON": AS_PAPER}
NOT_REACHED = {"ABS_MBS": {"bma.sf50.effective_dur", "bma.sf50.total_return"}}
"""Golden cases of a product's field that it does not meet; the page says why."""


def reached(product_type: str) -> set[str]:
    """Return the cases that tests meet with a product."""
    folder = FOLDERS.get(product_type)
    own = {path.stem for path in (HERE / folder).glob("*.json")} if folder else set()
    return own | ALSO.get(product_type, set())


def counted(product_type: str) -> tuple[str, str]:
    """Return the golden cases passed of those there are, and the number added, as the page says."""
    found = reached(product_type)
    golden, added = found - ADDED, found & ADDED
    there = golden | NOT_REACHED.get(product_type, set())
    return (f"{len(golden)} of {len(there)}" if there else "none there", str(len(added)))
