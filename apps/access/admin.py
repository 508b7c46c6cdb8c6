"""Users, groups, tokens and the record of acts on the desk."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from apps.access import services
from apps.access.desk import Desk, ReadOnly
from apps.access.models import ApiToken, AuditEntry, User

admin.site.unregister(Group)
# A schedule names any function to call: who may enter one may run anything.
admin.site.unregister([Schedule, Success, Failure, OrmQ])

POWERS = ("is_superuser", "groups", "user_permissions")
"""What a user may do; only a superuser hands it out."""


@admin.register(User)
class UserAdmin(DjangoUserAdmin, Desk):  # type: ignore[type-arg]
    """People and service accounts. They are made inactive, never deleted."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep who is no superuser from becoming one; records name people by their username."""
        fields = super().get_readonly_fields(request, obj)
        settled = ("username",) if obj else ()
        return (*fields, *settled) if request.user.is_superuser else (*fields, *settled, *POWERS)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Keep who is no superuser to the own password: another's is a way to act as them."""
        if not (request.user.is_superuser or str(request.user.pk) == id):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep others from changing a superuser, whose password would be enough."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (request.user.is_superuser or obj is None or not obj.is_superuser)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what the new user may do."""
        services.record_user(obj, actor=request.user.get_username(), action="CREATE_USER")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what the user may do now; a new password comes this way too."""
        services.record_user(
            obj, actor=request.user.get_username(), action="CHANGE_USER", changed=message
        )
        return super().log_change(request, obj, message)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, Desk):
    """Permissions that are given together."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what the new group may do."""
        services.record_group(obj, actor=request.user.get_username(), action="CREATE_GROUP")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what the group may do now."""
        services.record_group(obj, actor=request.user.get_username(), action="CHANGE_GROUP")
        return super().log_change(request, obj, message)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only superusers hand out permissions."""
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only superusers hand out permissions."""
        return bool(request.user.is_superuser)


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whose token, what for, for how long."""

    days = forms.IntegerField(
        min_value=1,
        max_value=services.LONGEST_TOKEN_LIFE.days,
        initial=90,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How long the token lives.",
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name")


@admin.register(ApiToken)
class ApiTokenAdmin(Desk):
    """Tokens of programs. A new one is shown once; afterwards it can only be ended."""

    form = TokenForm
    list_display = ("user", "name", "created_at", "expires_at", "revoked_at")
    list_filter = ("user",)
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token acts as its user: only superusers make one for others."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a token is does not change; None asks for the list and its action."""
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Issue the token and show it this once."""
        token = services.issue_token(
            user=obj.user,
            name=obj.name,
            life=dt.timedelta(days=form.cleaned_data["days"]),
            actor=request.user.get_username(),
        )
        obj.pk = ApiToken.objects.get(user=obj.user, name=obj.name).pk
        messages.warning(request, f"Copy this token now, it is not shown again: {token}")

    @admin.action(description="End the chosen tokens now", permissions=["change"])
    def end(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        """Revoke tokens."""
        for token in tokens.select_related("user"):
            services.revoke_token(token=token, actor=request.user.get_username())
        messages.success(request, f"{len(tokens)} ended.")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    """Who did what, newest first."""

    list_display = ("at", "actor", "action", "object_type", "object_id")
    list_filter = ("action", "object_type")
    search_fields = ("actor", "object_id")
