"""A document and its hash belong together, for whoever writes them."""

from django.db import models
from django.db.models import F, Func, Q, Value


def content_addressed(table: str) -> models.CheckConstraint:
    """The constraint that `content_hash` is the sha256 of `document` in UTF-8.

    Equal content is found by its hash and taken as it stands: a false document stored under the
    hash of a true one would be used in its place.
    """
    octets = Func(F("document"), Value("UTF8"), function="convert_to")
    digest = Func(octets, function="sha256", output_field=models.BinaryField())
    return models.CheckConstraint(condition=Q(content_hash=digest), name=f"{table}_hash")
