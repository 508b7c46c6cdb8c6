"""Who may enter, with what token, and what they did."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now


class User(AbstractUser):
    """A person or a service account; what it sees is granted per portfolio subtree."""

    class Meta:
        db_table = "user_account"


class ApiToken(models.Model):
    """A bearer token of a user; only its sha256 is stored, so it can be shown once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_token"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="api_token_name"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="api_token_expiry"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} / {self.name}"


class AuditEntry(models.Model):
    """One act that changed what others rely on: who, as which role, what, on what, why."""

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor = models.TextField()
    action = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_log"
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [
            models.Index(fields=["object_type", "object_id"], name="audit_log_object")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
