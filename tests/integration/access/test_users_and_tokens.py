"""Users and tokens under the role of the desk, and who a token lets in."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.access import selectors, services
from apps.access.models import ApiToken, AuditEntry, User

pytestmark = [pytest.mark.django_db, pytest.mark.role("desk")]

DAY = dt.timedelta(days=1)


@pytest.fixture
def user():
    return services.create_user(username="ada", password=None, actor="test")


def test_a_token_leads_to_its_user(user):
    token = services.issue_token(user=user, name="excel", life=DAY, actor="test")
    assert selectors.user_of_token(token, now=timezone.now()) == user


def test_only_the_digest_of_a_token_is_stored(user):
    token = services.issue_token(user=user, name="excel", life=DAY, actor="test")
    row = ApiToken.objects.get()
    assert token.encode() not in bytes(row.digest)
    assert len(bytes(row.digest)) == 32


def test_a_token_ends_when_it_expires(user):
    token = services.issue_token(user=user, name="excel", life=DAY, actor="test")
    assert selectors.user_of_token(token, now=timezone.now() + DAY) is None


def test_a_token_ends_when_it_is_revoked(user):
    token = services.issue_token(user=user, name="excel", life=DAY, actor="test")
    services.revoke_token(token=ApiToken.objects.get(), actor="test")
    assert selectors.user_of_token(token, now=timezone.now()) is None


def test_a_token_ends_with_its_user(user):
    token = services.issue_token(user=user, name="excel", life=DAY, actor="test")
    User.objects.update(is_active=False)
    assert selectors.user_of_token(token, now=timezone.now()) is None


@pytest.mark.parametrize("life", [dt.timedelta(0), dt.timedelta(days=-1), dt.timedelta(days=400)])
def test_a_token_lives_for_some_time_but_not_for_ever(user, life):
    with pytest.raises(services.AccessError, match="between a moment and"):
        services.issue_token(user=user, name="excel", life=life, actor="test")


def test_a_name_is_used_once(user):
    services.issue_token(user=user, name="excel", life=DAY, actor="test")
    with pytest.raises(services.AccessError, match="already"):
        services.issue_token(user=user, name="excel", life=DAY, actor="test")
    with pytest.raises(services.AccessError, match="already"):
        services.create_user(username="ada", password=None, actor="test")


def test_a_user_without_a_password_cannot_log_in(user):
    assert not user.has_usable_password()


def test_permissions_are_given_by_their_names():
    made = services.create_user(
        username="eve", password=None, actor="test", permissions=("run.submit",)
    )
    assert made.has_perm("run.submit")
    assert not made.has_perm("run.cancel")
    with pytest.raises(services.AccessError, match=r"no permission 'run\.fly'"):
        services.create_user(username="x", password=None, actor="t", permissions=("run.fly",))


def test_acts_are_written_down(user):
    services.issue_token(user=user, name="excel", life=DAY, actor="admin")
    acts = AuditEntry.objects.order_by("pk").values_list("actor", "action", "object_id")
    assert list(acts) == [("test", "CREATE_USER", "ada"), ("admin", "ISSUE_TOKEN", "ada")]


def test_the_command_prints_a_token_that_lets_in(user, capsys):
    call_command("issue_token", "ada", "--name", "shell")
    token = capsys.readouterr().out.strip()
    assert selectors.user_of_token(token, now=timezone.now()) == user
    with pytest.raises(CommandError, match="no active user 'bob'"):
        call_command("issue_token", "bob", "--name", "shell")
    with pytest.raises(CommandError, match="between a moment"):
        call_command("issue_token", "ada", "--name", "other", "--days", "9999")
