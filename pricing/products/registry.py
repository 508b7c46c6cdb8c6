"""The one table that maps product types to their modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pricing.batch import Names
from pricing.position import PositionInput
from pricing.pricers.bond import PRICER as BOND_PRICER
from pricing.pricers.callable_bond import PRICER as CALLABLE_BOND_PRICER
from pricing.pricers.contract import Pricer
from pricing.pricers.derivative import PRICER as DERIVATIVE_PRICER
from pricing.pricers.floating_note import PRICER as FLOATING_NOTE_PRICER
from pricing.pricers.fx_forward import PRICER as FX_FORWARD_PRICER
from pricing.pricers.inflation_bond import PRICER as INFLATION_BOND_PRICER
from pricing.pricers.loan import PRICER as LOAN_PRICER
from pricing.pricers.pool import PRICER as POOL_PRICER
from pricing.pricers.revolver import PRICER as REVOLVER_PRICER
from pricing.pricers.structured import PRICER as STRUCTURED_PRICER
from pricing.products import (
    bond,
    callable_bond,
    committed,
    delayed_draw,
    derivative,
    derivative_state,
    fields,
    floating_note,
    fx_forward,
    inflation_bond,
    loan,
    pool,
    revolver,
    structured,
    zero_coupon,
)
from pricing.products.rows import Packed
from pricing.products.state import DebtState


@dataclass(frozen=True, slots=True)
class Product:
    """A product type: how it is packed, described and priced."""

    product_type: str
    pack: Callable[[Sequence[PositionInput], Names], Packed]
    pricer: Pricer
    terms: type
    state: type
    derivable: tuple[str, ...] = ()
    variants: Mapping[str, type] = field(default_factory=dict)
    """The terms by `kind`, of a product that has several kinds of contract."""

    def state_source(self, state: Mapping[str, Any]) -> str:
        """Return SUPPLIED, or DERIVED where a field of a position's state comes from its terms."""
        absent = any(state.get(name) is None for name in self.derivable)
        return "DERIVED" if absent else "SUPPLIED"

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a position's terms and state."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.product_type,
            "description": (self.terms.__doc__ or "").partition("\n")[0],
            "type": "object",
            "properties": {
                "terms": self._terms_schema(),
                "state": fields.schema(self.state, open_ended=True),
            },
            # A debt's state says its spread, or where that comes from.
            "required": ["terms", "state"] if issubclass(self.state, DebtState) else ["terms"],
        }

    def _terms_schema(self) -> dict[str, Any]:
        if not self.variants:
            return fields.schema(self.terms)
        alternatives = []
        for kind, terms in self.variants.items():
            found = fields.schema(terms)
            found["properties"]["kind"] = {**found["properties"]["kind"], "enum": [kind]}
            alternatives.append({"title": kind, **found})
        return {"oneOf": alternatives}


PRODUCTS = MappingProxyType(
    {
        loan.PRODUCT_TYPE: Product(
            loan.PRODUCT_TYPE,
            loan.pack,
            LOAN_PRICER,
            loan.LoanTerms,
            loan.LoanState,
            loan.DERIVABLE,
        ),
        bond.PRODUCT_TYPE: Product(
            bond.PRODUCT_TYPE, bond.pack, BOND_PRICER, bond.BondTerms, bond.BondState
        ),
        callable_bond.PRODUCT_TYPE: Product(
            callable_bond.PRODUCT_TYPE,
            callable_bond.pack,
            CALLABLE_BOND_PRICER,
            callable_bond.CallableBondTerms,
            callable_bond.CallableBondState,
        ),
        delayed_draw.PRODUCT_TYPE: Product(
            delayed_draw.PRODUCT_TYPE,
            delayed_draw.pack,
            REVOLVER_PRICER,
            delayed_draw.DelayedDrawTerms,
            delayed_draw.DelayedDrawState,
            committed.DERIVABLE,
        ),
        derivative.PRODUCT_TYPE: Product(
            derivative.PRODUCT_TYPE,
            derivative.pack,
            DERIVATIVE_PRICER,
            derivative.DerivativeTerms,
            derivative_state.DerivativeState,
            variants=derivative.TERMS,
        ),
        floating_note.PRODUCT_TYPE: Product(
            floating_note.PRODUCT_TYPE,
            floating_note.pack,
            FLOATING_NOTE_PRICER,
            floating_note.FloatingNoteTerms,
            floating_note.FloatingNoteState,
        ),
        fx_forward.PRODUCT_TYPE: Product(
            fx_forward.PRODUCT_TYPE,
            fx_forward.pack,
            FX_FORWARD_PRICER,
            fx_forward.FxForwardTerms,
            fx_forward.FxForwardState,
        ),
        inflation_bond.PRODUCT_TYPE: Product(
            inflation_bond.PRODUCT_TYPE,
            inflation_bond.pack,
            INFLATION_BOND_PRICER,
            inflation_bond.InflationBondTerms,
            inflation_bond.InflationBondState,
        ),
        revolver.PRODUCT_TYPE: Product(
            revolver.PRODUCT_TYPE,
            revolver.pack,
            REVOLVER_PRICER,
            revolver.RevolverTerms,
            revolver.RevolverState,
            committed.DERIVABLE,
        ),
        pool.PRODUCT_TYPE: Product(
            pool.PRODUCT_TYPE,
            pool.pack,
            POOL_PRICER,
            pool.PoolTerms,
            pool.PoolState,
            pool.DERIVABLE,
        ),
        structured.PRODUCT_TYPE: Product(
            structured.PRODUCT_TYPE,
            structured.pack,
            STRUCTURED_PRICER,
            structured.StructuredTerms,
            structured.StructuredState,
        ),
        zero_coupon.PRODUCT_TYPE: Product(
            zero_coupon.PRODUCT_TYPE,
            zero_coupon.pack,
            BOND_PRICER,
            zero_coupon.ZeroCouponTerms,
            zero_coupon.ZeroCouponState,
        ),
    }
)
"""Every product type that is priced."""


def product(product_type: str) -> Product:
    """Return the product of a type; KeyError if it is not priced."""
    return PRODUCTS[product_type]
