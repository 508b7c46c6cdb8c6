"""Users, their tokens, and the record of what people did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.access import tokens
from apps.access.models import ApiToken, AuditEntry, User

LONGEST_TOKEN_LIFE = dt.timedelta(days=366)
"""A token that outlives this was forgotten."""


class AccessError(ValueError):
    """A user or token cannot be made as asked."""


@transaction.atomic
def create_user(
    *,
    username: str,
    password: str | None,
    actor: str,
    is_staff: bool = False,
    is_superuser: bool = False,
    permissions: tuple[str, ...] = (),
) -> User:
    """Create a user with permissions such as `run.submit`; without a password only tokens enter."""
    if User.objects.filter(username=username).exists():
        raise AccessError(f"there is a user {username!r} already")
    user = User(username=username, is_staff=is_staff, is_superuser=is_superuser)
    user.set_password(password)
    user.save()
    user.user_permissions.set(_permission(name) for name in permissions)
    record(
        actor=actor,
        action="CREATE_USER",
        object_type="user",
        object_id=username,
        detail={"staff": is_staff, "superuser": is_superuser, "permissions": list(permissions)},
    )
    return user


@transaction.atomic
def issue_token(*, user: User, name: str, life: dt.timedelta, actor: str) -> str:
    """Create a token of a user and return it: it cannot be read again."""
    if not dt.timedelta(0) < life <= LONGEST_TOKEN_LIFE:
        raise AccessError(f"a token lives between a moment and {LONGEST_TOKEN_LIFE.days} days")
    if ApiToken.objects.filter(user=user, name=name).exists():
        raise AccessError(f"{user.username} has a token named {name!r} already")
    token = tokens.new()
    ApiToken.objects.create(
        user=user, name=name, digest=tokens.digest(token), expires_at=timezone.now() + life
    )
    record(
        actor=actor,
        action="ISSUE_TOKEN",
        object_type="user",
        object_id=user.username,
        detail={"name": name, "days": life.total_seconds() / 86_400},
    )
    return token


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: str) -> None:
    """End a token now; one that was ended before stays as it was."""
    if token.revoked_at is not None:
        return
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record(
        actor=actor,
        action="REVOKE_TOKEN",
        object_type="user",
        object_id=token.user.username,
        detail={"name": token.name},
    )


def record(
    *,
    actor: str,
    action: str,
    object_type: str,
    object_id: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down who did what to what; the entry is sealed."""
    AuditEntry.objects.create(
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        detail=dict(detail or {}),
    )


def record_user(user: User, *, actor: str, action: str, changed: Any = None) -> None:
    """Write down what a user may do after an act on it; `changed` says what the act was."""
    record(
        actor=actor,
        action=action,
        object_type="user",
        object_id=user.username,
        detail={
            "changed": changed,
            "active": user.is_active,
            "staff": user.is_staff,
            "superuser": user.is_superuser,
            "groups": sorted(user.groups.values_list("name", flat=True)),
            "permissions": _names(user.user_permissions.all()),
        },
    )


def record_group(group: Group, *, actor: str, action: str) -> None:
    """Write down what the members of a group may do after an act on it."""
    record(
        actor=actor,
        action=action,
        object_type="group",
        object_id=group.name,
        detail={"permissions": _names(group.permissions.all())},
    )


def _names(permissions: QuerySet[Permission]) -> list[str]:
    rows = permissions.values_list("content_type__app_label", "codename")
    return sorted(f"{app_label}.{codename}" for app_label, codename in rows)


def _permission(name: str) -> Permission:
    app_label, _, codename = name.partition(".")
    try:
        return Permission.objects.get(content_type__app_label=app_label, codename=codename)
    except Permission.DoesNotExist:
        raise AccessError(f"there is no permission {name!r}") from None
