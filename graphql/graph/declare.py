"""How types of the schema are declared: documented by their docstrings and closed by default."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast, dataclass_transform

import strawberry
import strawberry_django
from django.db.models import Model
from strawberry.federation.schema_directives import (
    Authenticated,
    Cost,
    Key,
    ListSize,
    Policy,
    RequiresScopes,
)
from strawberry.federation.types import FieldSet
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET
from strawberry_django.fields.field import StrawberryDjangoField

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_PAGE = 50
"""How many rows a list has when the client does not say."""

MAX_PAGE = 200
"""How many rows a client may ask of a list."""


@dataclass_transform(
    kw_only_default=True, field_specifiers=(strawberry.field, strawberry.federation.field)
)
def object_type(
    *, keys: Sequence[str] = (), shareable: bool = False, name: str | None = None
) -> Callable[[type[T]], type[T]]:
    """A type that authenticated users read; its rows were chosen for the user by a selector."""

    def decorate(cls: type[T]) -> type[T]:
        made = strawberry.federation.type(
            cls,
            name=name,
            keys=keys,
            shareable=shareable,
            authenticated=True,
            description=inspect.getdoc(cls),
        )
        _describe_fields(made)
        return made

    return decorate


@dataclass_transform(
    kw_only_default=True, field_specifiers=(strawberry.field, strawberry_django.field)
)
def model_type(
    model: type[Model], *, name: str, keys: Sequence[str] = ()
) -> Callable[[type[T]], type[T]]:
    """A type whose objects are rows of `model`, which authenticated users read.

    A column is a field when the class lists it, as `auto` when the column says what it is. All
    others stay private, also those that a later migration adds. A relation is never `auto`: it
    would be read row by row and past the user's grants.
    """

    # Not strawberry_django.federation.type: it adds a resolver to each entity that finds any row,
    # one statement a reference, whatever the user was granted.
    def decorate(cls: type[T]) -> type[T]:
        made = strawberry_django.type(
            model,
            name=name,
            directives=[
                *(Key(fields=FieldSet(key), resolvable=UNSET) for key in keys),
                Authenticated(),
            ],
            description=inspect.getdoc(cls),
        )(cls)
        _refuse_relations(made)
        _describe_fields(made)
        return made

    return decorate


def hex_field(column: str) -> Any:
    """A field with the hexadecimal digits of a binary column, which `auto` has no scalar for."""

    def digits(row: strawberry.Parent[Model]) -> str | None:
        found = getattr(row, column)
        return None if found is None else bytes(found).hex()

    return strawberry_django.field(resolver=digits)


@dataclass_transform(
    kw_only_default=True, field_specifiers=(strawberry.field, strawberry.federation.field)
)
def root_type(cls: type[T]) -> type[T]:
    """Query, Mutation or Subscription: each field declares for itself who may use it."""
    made = strawberry.federation.type(cls, description=inspect.getdoc(cls))
    _describe_fields(made)
    return made


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def input_type(cls: type[T]) -> type[T]:
    """An argument object, documented by its docstring."""
    return strawberry.federation.input(cls, description=inspect.getdoc(cls))


def graph_field(*directives: object) -> Callable[[Callable[..., R]], R]:
    """A field that is computed, with directives; access is that of its type."""
    return cast("Callable[[Callable[..., R]], R]", strawberry.field(directives=directives))


def root_field(*directives: object) -> Callable[[Callable[..., R]], R]:
    """A field of Query or Subscription: any authenticated user may ask."""
    made = strawberry.federation.field(authenticated=True, directives=directives)
    return cast("Callable[[Callable[..., R]], R]", made)


def mutation(permission: str) -> Callable[[Callable[..., R]], R]:
    """A field of Mutation, for users with a permission such as `run.submit`."""
    made = strawberry.federation.mutation(requires_scopes=[[permission]])
    return cast("Callable[[Callable[..., R]], R]", made)


def subscription() -> Callable[[Callable[..., R]], R]:
    """A field of Subscription: any authenticated user may follow."""
    made = strawberry.subscription(directives=[Authenticated()])
    return cast("Callable[[Callable[..., R]], R]", made)


def sized(*fields: str) -> ListSize:
    """The declaration of a page: `first` bounds the field, or the named fields of its object."""
    return ListSize(
        assumed_size=UNSET,
        slicing_arguments=["first"],
        sized_fields=list(fields) or UNSET,
        require_one_slicing_argument=False,
    )


def at_most(size: int) -> ListSize:
    """The declaration of a list that is taken to be no longer than `size`."""
    return ListSize(
        assumed_size=size,
        slicing_arguments=UNSET,
        sized_fields=UNSET,
        require_one_slicing_argument=False,
    )


READ = 50
"""The weight of a field that reads the database by itself, again in each row of a list."""

DRILL_DOWN = 200
"""The weight of a field that reads several tables, or computes."""


def cost(weight: int) -> Cost:
    """The declaration of a field that costs as much as `weight` plain ones."""
    return Cost(weight=weight)


Access = Authenticated | RequiresScopes | Policy
"""The directives that say who may read a field."""


def access_of(directives: Sequence[object] | None) -> list[Access]:
    """Who may read what carries `directives`, as declared; empty when nobody said."""
    return [each for each in directives or () if isinstance(each, Access)]


def _refuse_relations(cls: type[Any]) -> None:
    definition: StrawberryObjectDefinition = cls.__strawberry_definition__
    for field in definition.fields:
        if isinstance(field, StrawberryDjangoField) and field.is_relation:
            raise TypeError(
                f"{definition.name}.{field.python_name} is a relation: write a resolver"
            )


def _describe_fields(cls: type[Any]) -> None:
    definition: StrawberryObjectDefinition = cls.__strawberry_definition__
    for field in definition.fields:
        _describe(field)


def _describe(field: StrawberryField) -> None:
    if field.description is None and field.base_resolver is not None:
        field.description = inspect.getdoc(field.base_resolver.wrapped_func)
