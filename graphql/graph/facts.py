"""What the schema declares of each field, in a form that is quick to walk a document with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from strawberry.federation.schema_directives import Cost, ListSize, RequiresScopes
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph.declare import Access, access_of

BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF

FEDERATION_FIELDS = frozenset({("Query", "_service"), ("Query", "_entities")})
"""The two fields that federation adds; every authenticated client may use them."""


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field: what it returns, who may read it, how long it gets.

    `scopes` is None when nobody declared who may read the field, which nobody then may; else a
    list of alternatives, each a list of permissions that must all be held.
    """

    type_name: str
    is_leaf: bool
    is_list: bool
    scopes: tuple[tuple[str, ...], ...] | None
    weight: int = 1
    assumed_size: int | None = None
    slicing_arguments: tuple[str, ...] = ()
    default_size: int | None = None


Facts = Mapping[str, Mapping[str, FieldFacts]]
"""Facts by type name and field name."""


def of(schema: GraphQLSchema) -> Facts:
    """The facts of every object type of `schema`, introspection left out."""
    return {
        name: {field: _field(type_, field, each) for field, each in type_.fields.items()}
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
    }


def _field(parent: GraphQLObjectType, name: str, field: GraphQLField) -> FieldFacts:
    declared = field.extensions.get(BACKREF)
    directives = declared.directives if isinstance(declared, StrawberryField) else ()
    size = next((each for each in directives if isinstance(each, ListSize)), None)
    weight = next((each.weight for each in directives if isinstance(each, Cost)), 1)
    slicing = tuple(size.slicing_arguments or ()) if size else ()
    if (parent.name, name) == ("Query", "_entities"):
        slicing = ("representations",)
    return FieldFacts(
        type_name=get_named_type(field.type).name,
        is_leaf=is_leaf_type(get_named_type(field.type)),
        is_list=_is_list(field.type),
        scopes=_scopes(parent, name, access_of(directives)),
        weight=weight,
        assumed_size=(size.assumed_size or None) if size else None,
        slicing_arguments=slicing,
        default_size=_default(field, slicing),
    )


def _is_list(type_: GraphQLOutputType) -> bool:
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    return isinstance(type_, GraphQLList)


def _default(field: GraphQLField, slicing: tuple[str, ...]) -> int | None:
    found = [field.args[each].default_value for each in slicing if each in field.args]
    return max((each for each in found if isinstance(each, int)), default=None)


def _scopes(
    parent: GraphQLObjectType, name: str, own: list[Access]
) -> tuple[tuple[str, ...], ...] | None:
    """Alternatives of permissions: the field's own declaration, else that of its type."""
    definition = parent.extensions.get(BACKREF)
    declared = own
    if not declared and isinstance(definition, StrawberryObjectDefinition):
        declared = access_of(list(definition.directives or ()))
    if not declared and (parent.name == "_Service" or (parent.name, name) in FEDERATION_FIELDS):
        return ((),)
    if not declared:
        return None
    return tuple(
        tuple(alternative)
        for each in declared
        for alternative in (each.scopes if isinstance(each, RequiresScopes) else [[]])
    )
