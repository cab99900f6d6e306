"""Personal tokens in the admin: a manager revokes those of others, and nobody sees or makes any there."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import make_token
from microscope.models import AuditEntry

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/personaltoken/"


@pytest.fixture
def manager(client, make_user):
    client.force_login(make_user("mary", "managers", is_staff=True))
    return client


@pytest.fixture
def scan(operator):
    """The row and the text of a token of ada's."""
    return make_token(operator, "night_scan.py", "capture", 30)


def ask(text: str):
    return APIClient().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {text}"})


def revoke(client, *tokens: PersonalToken):
    asked = {"action": "revoke", "_selected_action": [token.pk for token in tokens]}
    return client.post(LIST, asked, follow=True).content.decode()


def test_a_manager_revokes_the_token_of_another_and_it_opens_nothing_from_then_on(manager, scan):
    token, text = scan
    assert ask(text).status_code == 200
    page = revoke(manager, token)
    assert "1 token was revoked." in page and "revoked by mary" in page
    answer = ask(text)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    entry = AuditEntry.objects.get(what="token_revoked")
    assert (entry.who, entry.object, entry.details["user"]) == ("mary", "night_scan.py", "ada")


def test_what_has_ended_stays_as_it_ended(manager, scan, operator):
    token, _ = scan
    old, _ = make_token(operator, "old", "view", 1)
    PersonalToken.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    revoke(manager, token)
    revoked_at = PersonalToken.objects.get(pk=token.pk).revoked_at
    assert "0 tokens were revoked." in revoke(manager, token, old)
    assert PersonalToken.objects.get(pk=token.pk).revoked_at == revoked_at
    assert PersonalToken.objects.get(pk=old.pk).revoked_at is None


def test_the_list_is_filtered_and_searched(manager, scan, operator):
    make_token(operator, "folder mirror", "view", 30)
    revoke(manager, scan[0])
    for asked, shown in (("state=living", "mirror"), ("state=ended", "scan"), ("q=NIGHT", "scan"), ("q=ada", "mirror")):
        assert shown in manager.get(f"{LIST}?{asked}").content.decode(), asked
    assert "night_scan.py" not in manager.get(f"{LIST}?state=living").content.decode()


def test_nobody_sees_a_secret_or_its_hash_and_nobody_makes_or_changes_one(manager, scan):
    token, text = scan
    change = f"{LIST}{token.pk}/change/"
    for address in (LIST, change, f"{LIST}{token.pk}/history/"):
        page = manager.get(address).content.decode()
        assert text not in page and token.secret_hash not in page
    assert manager.get(f"{LIST}add/").status_code == 403
    assert manager.post(change, {"name": "mine"}).status_code == 403
    assert manager.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403
    token.refresh_from_db()
    assert token.name == "night_scan.py"


@pytest.mark.parametrize("role", ["viewers", "operators"])
def test_staff_that_may_not_oversee_see_none(client, make_user, scan, role):
    client.force_login(make_user("steve", role, is_staff=True))
    assert client.get(LIST).status_code == 403
    assert client.post(LIST, {"action": "revoke", "_selected_action": [scan[0].pk]}).status_code == 403
    assert ask(scan[1]).status_code == 200
