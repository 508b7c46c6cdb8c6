"""What every operation passes before it runs: limits, permissions, a read-only transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

from django.db import connection, transaction
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from graph.context import Context
from graph.errors import DeadlineExceeded, Forbidden, TooExpensive
from graph.facts import Facts, FieldFacts
from graph.limits import Excess, Limits, Meter
from graph.parsing import Parsed, Parser
from graph.texts import check_document, check_values

LIMITS = Limits()

READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""All fields of one query see the same state: a total and its parts cannot disagree."""

STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '5s'"

REQUEST_SECONDS = 10.0
"""No statement of a query begins later than this: many that are each in time add up."""


class Guard(SchemaExtension):
    """Refuses what is too expensive or not permitted, before validation and before any SQL.

    Every field of the document needs a declared permission that the user has; one that nobody
    declared is refused. Rows are a matter of selectors, which know the user's grants.
    """

    def __init__(self, facts: Facts, parser: Parser, *, introspection: bool) -> None:
        self._facts = facts
        self._parser = parser
        self._introspection = introspection
        self._parsed: Parsed | None = None

    def on_parse(self) -> Iterator[None]:
        """Parse with a limit of tokens, or take the tree of a text that is known."""
        context = self.execution_context
        context.parse_options["max_tokens"] = LIMITS.tokens
        # A text that cannot be parsed is left to Strawberry, which says so.
        with suppress(GraphQLError):
            self._parsed = self._parser.parse(context.query or "")
            context.graphql_document = self._parsed.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Measure the document and check its fields, then let validation go on."""
        context, parsed = self.execution_context, self._parsed
        try:
            self._check()
        except GraphQLError as error:
            context.pre_execution_errors = [error]
        if parsed is not None and parsed.is_valid:
            context.validation_rules = ()
        yield
        if parsed is not None and not parsed.is_valid and not context.pre_execution_errors:
            self._parser.keep(context.query or "", parsed)

    def on_execute(self) -> Iterator[None]:
        """Run a query in one read-only transaction under a statement timeout."""
        if self.execution_context.operation_type is not OperationType.QUERY:
            yield
            return
        # The isolation of a transaction that somebody opened around this is settled already.
        begin = (
            STATEMENT_TIMEOUT if connection.in_atomic_block else f"{READ_ONLY}; {STATEMENT_TIMEOUT}"
        )
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(begin)
            with connection.execute_wrapper(_until(time.monotonic() + REQUEST_SECONDS)):
                yield

    def _check(self) -> None:
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        check_document(context.query or "")
        check_values(context.variables)
        meter = Meter(self._facts, document, context.variables or {})
        try:
            meter.check(LIMITS)
        except Excess as excess:
            raise TooExpensive(str(excess)) from None
        if meter.introspects and not self._introspection:
            raise Forbidden("Introspection is off; the schema is in graphql/schema.graphql.")
        user = cast("Context", context.context).user
        for type_name, field in sorted(meter.uses):
            if not permitted(self._facts[type_name][field], user):
                raise Forbidden(f"You may not use {type_name}.{field}.")


def _until(end: float) -> Callable[..., Any]:
    def execute(run: Callable[..., Any], *arguments: Any) -> Any:
        if time.monotonic() > end:
            raise DeadlineExceeded("The request took too long; ask for less at once.")
        return run(*arguments)

    return execute


def permitted(facts: FieldFacts, user: Any) -> bool:
    """Return whether the user has one of the alternatives that the field declares."""
    if facts.scopes is None or not user.is_authenticated:
        return False
    return any(user.has_perms(alternative) for alternative in facts.scopes)
