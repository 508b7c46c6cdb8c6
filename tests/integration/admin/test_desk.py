"""The desk under its own role: every page opens, edits make versions, nothing can be deleted."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.messages import get_messages
from django.test import Client

from apps.access.models import ApiToken, AuditEntry, User
from apps.instrument.models import (
    Counterparty,
    CounterpartyVersion,
    Facility,
    FacilityVersion,
    Instrument,
)
from apps.portfolio.models import Portfolio, PortfolioGrant, PortfolioTree
from apps.run.models import Run

EDITED = {
    "counterparty",
    "facility",
    "instrument",
    "pricingmodel",
    "legalentity",
    "portfolio",
    "portfoliogrant",
}
admin.autodiscover()
REGISTERED = sorted(model._meta.label_lower for model in admin.site._registry)
QUEUE = [label for label in REGISTERED if label.startswith("django_q")]


def _address(label, *parts):
    return "/" + "/".join([*label.split("."), *map(str, parts), ""])


def _messages(response):
    return " ".join(str(each) for each in get_messages(response.wsgi_request))


def _form(response):
    """What the form of a page holds."""
    form = response.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None}


def test_every_list_and_every_object_opens(desk_client):
    for label in REGISTERED:
        assert desk_client.get(_address(label)).status_code == 200, label
        first = apps.get_model(label)._default_manager.first()
        if first is not None:
            page = desk_client.get(_address(label, first.pk, "change"))
            assert page.status_code == 200, label


def test_a_list_takes_the_same_statements_for_any_number_of_rows(
    desk_client, django_assert_max_num_queries
):
    for label in REGISTERED:
        with django_assert_max_num_queries(12):
            desk_client.get(_address(label))


@pytest.mark.parametrize("label", REGISTERED)
def test_nothing_can_be_deleted(desk_client, label):
    found = admin.site._registry[apps.get_model(label)]
    request = desk_client.get("/").wsgi_request
    assert not found.has_delete_permission(request)
    assert "delete_selected" not in found.get_actions(request)


def test_a_schedule_of_any_function_cannot_be_entered():
    assert QUEUE == []


def test_an_instrument_without_terms_is_not_written(desk_client):
    row = Instrument.objects.get(code="I")
    address = _address("instrument.instrument", row.pk, "change")
    values = _form(desk_client.get(address)) | {"name": "New name", "reason": "typo"}
    response = desk_client.post(address, values)
    assert "Nothing was saved: I has no terms" in _messages(response)


def test_sealed_tables_can_only_be_read(desk_client):
    request = desk_client.get("/").wsgi_request
    for label in REGISTERED:
        name = label.split(".")[1]
        found = admin.site._registry[apps.get_model(label)]
        if name in EDITED or name in ("user", "group", "apitoken"):
            continue
        assert not found.has_add_permission(request), label
        assert not found.has_change_permission(request), label


def test_a_changed_counterparty_is_a_new_sealed_version(desk_client):
    row = Counterparty.objects.get(code="C1")
    address = _address("instrument.counterparty", row.pk, "change")
    values = _form(desk_client.get(address))
    assert "code" not in values  # identity does not change
    changes = {"rating": "BBB", "total_assets": "1000.50", "reason": "agency upgrade"}
    assert desk_client.post(address, values | changes).status_code == 302
    row.refresh_from_db()
    assert row.rating == "BBB"
    version = CounterpartyVersion.objects.get(pk=row.current_version_id)
    assert version.document == (
        '{"code":"C1","kind":"CORPORATE","legal_name":"Company 1","parent":"GROUP",'
        '"rating":"BBB","total_assets":"1000.5"}'
    )
    history = desk_client.get(_address("instrument.counterparty", row.pk, "history"))
    change = history.context["changes"][0]
    assert (change["user"], change["reason"]) == ("head", "agency upgrade")
    assert ("rating", "", "BBB") in change["fields"]
    assert b"agency upgrade" in history.content


def test_a_change_without_a_reason_is_not_saved(desk_client):
    row = Counterparty.objects.get(code="C1")
    address = _address("instrument.counterparty", row.pk, "change")
    values = _form(desk_client.get(address))
    response = desk_client.post(address, values | {"rating": "BBB"})
    assert response.status_code == 200
    assert "reason" in response.context["adminform"].form.errors
    assert not CounterpartyVersion.objects.filter(counterparty=row).exists()


def test_a_counterparty_cannot_become_its_own_grandparent(desk_client):
    group = Counterparty.objects.get(code="GROUP")
    below = Counterparty.objects.get(code="C1")
    address = _address("instrument.counterparty", group.pk, "change")
    values = _form(desk_client.get(address))
    response = desk_client.post(address, values | {"parent": below.pk, "reason": "mistake"})
    assert "would be its own parent" in _messages(response)
    group.refresh_from_db()
    assert group.parent is None


def test_a_new_counterparty_can_be_entered(desk_client):
    response = desk_client.post(
        _address("instrument.counterparty", "add"),
        {"code": "NEW", "legal_name": "New Ltd", "kind": "SME", "reason": "onboarding"},
    )
    assert response.status_code == 302
    assert Counterparty.objects.get(code="NEW").current_version_id is not None


def test_a_facility_is_entered_and_changed_with_its_parts_and_a_history(desk_client):
    obligor = Counterparty.objects.get(code="C1")
    entered = {
        "code": "RCF", "kind": "REVOLVER", "currency": "USD", "commitment": "5000000",
        "obligor": obligor.pk, "reason": "new agreement",
    }  # fmt: skip
    assert desk_client.post(_address("instrument.facility", "add"), entered).status_code == 302
    row = Facility.objects.get(code="RCF")
    first = FacilityVersion.objects.get(pk=row.current_version_id)
    assert first.document == (
        '{"code":"RCF","commitment":"5000000","currency":"USD","kind":"REVOLVER","obligor":"C1"}'
    )
    address = _address("instrument.facility", row.pk, "change")
    values = _form(desk_client.get(address))
    assert "currency" not in values
    response = desk_client.post(address, values | {"commitment": "6000000", "reason": "increase"})
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.current_version_id != first.pk
    history = desk_client.get(_address("instrument.facility", row.pk, "history"))
    change = history.context["changes"][0]
    assert (change["user"], change["reason"]) == ("head", "increase")
    assert "commitment" in {name for name, _, _ in change["fields"]}


def test_a_facility_that_a_file_could_not_bring_is_refused(desk_client):
    obligor = Counterparty.objects.get(code="C1")
    entered = {
        "code": "RCF", "kind": "REVOLVER", "currency": "USD", "commitment": "5000000",
        "total_facility_amount": "1", "obligor": obligor.pk, "reason": "mistake",
    }  # fmt: skip
    response = desk_client.post(_address("instrument.facility", "add"), entered)
    assert "the commitment is more than the whole facility" in _messages(response)
    assert not Facility.objects.filter(code="RCF").exists()


def test_an_instrument_keeps_its_terms_when_its_name_changes(desk_client):
    row = Instrument.objects.get(code="I1")
    address = _address("instrument.instrument", row.pk, "change")
    before = row.current_terms_id
    values = _form(desk_client.get(address)) | {"name": "New name", "reason": "typo"}
    response = desk_client.post(address, values)
    assert "Nothing was saved" not in _messages(response)
    row.refresh_from_db()
    assert row.name == "New name"
    assert row.current_terms_id == before


def test_a_moved_portfolio_makes_a_new_version_of_the_tree(desk_client):
    book = Portfolio.objects.get(code="BOOK_A1")
    trees = PortfolioTree.objects.count()
    address = _address("portfolio.portfolio", book.pk, "change")
    values = _form(desk_client.get(address))
    values |= {"parent": Portfolio.objects.get(code="DESK_B").pk, "reason": "reorganised"}
    response = desk_client.post(address, values)
    assert response.status_code == 302, _messages(response)
    assert PortfolioTree.objects.count() == trees + 1


def test_a_tree_that_would_be_none_is_refused_whole(desk_client):
    desk = Portfolio.objects.get(code="DESK_A")
    address = _address("portfolio.portfolio", desk.pk, "change")
    values = _form(desk_client.get(address))
    values |= {"parent": Portfolio.objects.get(code="BOOK_A1").pk, "reason": "mistake"}
    response = desk_client.post(address, values)
    assert "Nothing was saved" in _messages(response)
    desk.refresh_from_db()
    assert desk.parent.code == "FUND"


def test_a_grant_ends_by_becoming_inactive(desk_client):
    grant = PortfolioGrant.objects.get(user__username="analyst")
    address = _address("portfolio.portfoliogrant", grant.pk, "change")
    values = _form(desk_client.get(address))
    values.pop("is_active")
    assert desk_client.post(address, values | {"reason": "left the desk"}).status_code == 302
    grant.refresh_from_db()
    assert (grant.is_active, grant.reason) == (False, "left the desk")


def test_a_token_is_shown_once_and_can_be_ended(desk_client):
    user = User.objects.get(username="trader")
    response = desk_client.post(
        _address("access.apitoken", "add"), {"user": user.pk, "name": "excel", "days": 30}
    )
    assert "tieout_" in _messages(response)
    token = ApiToken.objects.get(name="excel")
    page = desk_client.get(_address("access.apitoken")).content.decode()
    assert "excel" in page
    desk_client.post(_address("access.apitoken"), {"action": "end", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.revoked_at is not None
    actions = AuditEntry.objects.filter(object_id="trader").values_list("action", flat=True)
    assert set(actions) >= {"ISSUE_TOKEN", "REVOKE_TOKEN"}


def test_the_run_monitor_shows_progress_and_leads_to_tasks(desk_client):
    run = Run.objects.get()
    page = desk_client.get(_address("run.run", run.pk, "change")).content.decode()
    assert "<progress" in page
    assert f"/run/runtask/?run_id={run.pk}" in page
    tasks = desk_client.get(f"/run/runtask/?run_id={run.pk}")
    assert tasks.context["cl"].result_count == run.tasks.count()


def test_a_steward_without_permission_sees_nothing(world, desk_client):
    user = User.objects.get(username="trader")
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    assert client.get(_address("instrument.counterparty")).status_code == 403
    assert client.get(_address("run.run")).status_code == 403


def test_who_is_no_superuser_can_neither_become_nor_change_one(world, desk_client):
    from django.contrib.auth.models import Permission

    clerk = User.objects.get(username="trader")
    clerk.is_staff = True
    clerk.save()
    clerk.user_permissions.add(Permission.objects.get(codename="change_user"))
    clerk.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = Client()
    client.force_login(clerk)
    own = _address("access.user", clerk.pk, "change")
    values = _form(client.get(own))
    assert not {"is_superuser", "groups", "user_permissions"} & set(values)
    client.post(own, values | {"is_superuser": "on"})
    clerk.refresh_from_db()
    assert not clerk.is_superuser
    head = User.objects.get(username="head")
    assert client.post(_address("access.user", head.pk, "change"), {}).status_code == 403


def _clerk(*codenames):
    from django.contrib.auth.models import Permission

    clerk = User.objects.get(username="trader")
    clerk.is_staff = True
    clerk.save()
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(clerk)
    return clerk, client


def test_a_clerk_cannot_act_as_another_by_a_new_password(world, desk_client):
    clerk, client = _clerk("change_user", "view_user")
    analyst = User.objects.get(username="analyst")
    password = {"password1": "correct-horse-1", "password2": "correct-horse-1"}
    there = _address("access.user", analyst.pk, "password")
    assert client.post(there, password).status_code == 403
    assert client.get(there).status_code == 403
    assert client.get(_address("access.user", clerk.pk, "password")).status_code == 200
    analyst.refresh_from_db()
    assert not analyst.check_password("correct-horse-1")


def test_a_username_is_settled(desk_client):
    analyst = User.objects.get(username="analyst")
    address = _address("access.user", analyst.pk, "change")
    assert "username" not in _form(desk_client.get(address))


def _entries(name):
    rows = AuditEntry.objects.filter(object_id=name).order_by("-pk")
    return list(rows.values_list("actor", "action", "detail"))


def test_what_a_user_may_do_is_written_down_at_each_change(desk_client):
    analyst = User.objects.get(username="analyst")
    address = _address("access.user", analyst.pk, "change")
    values = _form(desk_client.get(address))
    values = {name: value for name, value in values.items() if name not in ("password", "groups")}
    values |= {"last_login_0": "", "last_login_1": "", "is_staff": "on", "user_permissions": []}
    values |= {"date_joined_0": "2025-01-01", "date_joined_1": "00:00:00"}
    response = desk_client.post(address, values)
    assert response.status_code == 302, response.context["adminform"].form.errors
    actor, action, detail = _entries("analyst")[0]
    assert (actor, action) == ("head", "CHANGE_USER")
    assert (detail["staff"], detail["superuser"], detail["groups"]) == (True, False, [])
    password = {"password1": "correct-horse-1", "password2": "correct-horse-1"}
    desk_client.post(_address("access.user", analyst.pk, "password"), password)
    assert "password" in str(_entries("analyst")[0][2]["changed"])


def test_what_a_group_may_do_is_written_down(desk_client):
    from django.contrib.auth.models import Permission

    publish = Permission.objects.get(codename="publish")
    added = {"name": "publishers", "permissions": [publish.pk]}
    assert desk_client.post(_address("auth.group", "add"), added).status_code == 302
    assert _entries("publishers") == [
        ("head", "CREATE_GROUP", {"permissions": ["publication.publish"]})
    ]
