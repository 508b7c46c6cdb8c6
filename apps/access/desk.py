"""How the desk shows things: sealed ones to read, edited ones through services and with a reason.

Nothing can be deleted: what stewards enter is ended or replaced, and its history stays.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import pghistory
from django import forms
from django.apps import apps
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

_SHOWN_EVENTS = 200


class Refused(ValueError):
    """A service will not write what was entered; nothing was changed."""


class Desk(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """A table on the desk: nothing can be deleted, and lists do not count what they need not."""

    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


class ReadOnly(Desk):
    """A table that is sealed, or that only processes write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that asks why."""

    reason = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why this is entered or changed: kept with the history.",
    )


class Steward(Desk):
    """A table that stewards edit. `write` hands what was entered to the app's service."""

    form = ReasonForm
    fixed: ClassVar[tuple[str, ...]] = ("code",)
    """Fields that are settled once the object exists."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Identity does not change."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, *self.fixed) if obj else fields

    def write(self, obj: Any) -> None:
        """Write what was entered; Refused when it cannot be."""
        obj.save()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write under the name of the user and with the reason."""
        user = request.user.get_username()
        with pghistory.context(user=user, reason=form.cleaned_data["reason"]):
            self.write(obj)
        if obj.pk is None:
            obj.pk = type(obj).objects.get(code=obj.code).pk

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say what a service refused; its transaction is rolled back by then."""
        try:
            shown: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except Refused as refused:
            messages.error(request, f"Nothing was saved: {refused}.")
            return HttpResponseRedirect(request.get_full_path())
        return shown

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Every state the object had: who changed it, when and why."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_or_change_permission(request, obj):
            return HttpResponseRedirect("../../")
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "opts": self.opts,
            "object": obj,
            "changes": history(obj),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "desk/history.html", context)


def history(obj: models.Model) -> list[dict[str, Any]]:
    """The events of an object, the latest first, each with the fields that it changed."""
    model = apps.get_model(obj._meta.app_label, f"{type(obj).__name__}Event")
    fields = [each for each in model._meta.concrete_fields if not each.name.startswith("pgh_")]
    events = list(
        model._default_manager.filter(pgh_obj_id=obj.pk).order_by("-pgh_id")[:_SHOWN_EVENTS]
    )
    shown = []
    for event, before in pairwise([*events, None]):
        context = event.pgh_context or {}
        shown.append(
            {
                "at": event.pgh_created_at,
                "label": event.pgh_label,
                "user": context.get("user", ""),
                "reason": context.get("reason", ""),
                "fields": [
                    (each.name, getattr(before, each.attname, ""), getattr(event, each.attname))
                    for each in fields
                    if before is None
                    or getattr(before, each.attname) != getattr(event, each.attname)
                ],
            }
        )
    return shown
