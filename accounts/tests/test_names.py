"""User names: users write them as they like, but no two are alike."""

import logging
import unicodedata
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from accounts.first_administrator import make_first_administrator

pytestmark = pytest.mark.django_db
migration = import_module("accounts.migrations.0006_folded_name")
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "jürgen") for form in ("NFC", "NFD"))
ALIKE = [
    ("ada", "Ada"),
    ("ada", "\uff21\uff24\uff21"),
    (COMPOSED, DECOMPOSED),
    (DECOMPOSED, COMPOSED.upper()),
    ("strauß", "STRAUSS"),
]


def sign_in(client, door: str, username: str, password: str) -> bool:
    if door == "/sign-in":
        return client.post(door, {"username": username, "password": password}).status_code == 302
    return APIClient().post(door, {"username": username, "password": password}, format="json").status_code == 200


def change_user(client, user, **values: str):
    """Open the form in the admin and send it back with these values."""
    address = f"/admin/accounts/user/{user.pk}/change/"
    form = client.get(address).context["adminform"].form
    return client.post(address, {"seen_values": form.seen_values, "is_active": "on", **values})


@pytest.fixture
def two_alike(make_user):
    """Two users, Ada and ada, as versions without folded names kept them."""
    elder, younger = make_user("Ada"), make_user("other")
    users = get_user_model().objects
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET username = 'ada' WHERE id = %s", [younger.pk])
        cursor.execute("UPDATE accounts_user SET folded_name = 'unfolded ' || id")
    migration.fold_user_names(apps, SimpleNamespace(connection=connection))
    return users.get(pk=elder.pk), users.get(pk=younger.pk)


@pytest.mark.parametrize("door", ["/sign-in", "/api/v1/auth/login", "/admin/login/"])
@pytest.mark.parametrize(("kept", "typed"), ALIKE)
def test_people_sign_in_however_their_name_is_typed(client, make_user, door, kept, typed):
    user = make_user("somebody", is_staff=True)
    user.username = kept
    user.save()
    assert get_user_model().objects.get(pk=user.pk).username == kept, "the name stays as it was written"
    if door == "/admin/login/":
        answer = client.post(f"{door}?next=/admin/", {"username": typed, "password": "somebody-password"})
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    else:
        assert not sign_in(client, door, typed, "another-password")
        assert sign_in(client, door, typed, "somebody-password")


@pytest.mark.parametrize(("kept", "asked"), ALIKE)
def test_two_users_cannot_have_names_that_are_alike(client, administrator, kept, asked):
    users = get_user_model().objects
    user = users.create_user(kept)
    other = users.create_user("other")
    client.force_login(administrator)
    new = {"username": asked, "usable_password": "true", "password1": "long-enough-1", "password2": "long-enough-1"}
    page = client.post("/admin/accounts/user/add/", new)
    assert page.status_code == 200
    assert "already exists" in page.content.decode() or "This name is taken by the user" in page.content.decode()
    page = change_user(client, other, username=asked).content.decode()
    assert "already exists" in page or f"This name is taken by the user {user.username}." in page
    with pytest.raises(IntegrityError), transaction.atomic():
        users.create_user(asked)
    with pytest.raises(IntegrityError), transaction.atomic():
        users.filter(pk=other.pk).update(username=asked)
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", username=asked, email="", interactive=False)
    assert set(users.values_list("username", flat=True)) == {user.username, "other", "root"}


def test_a_user_may_write_the_own_name_in_another_way(client, administrator, make_user):
    user = make_user("ada")
    client.force_login(administrator)
    assert change_user(client, user, username="Ada").status_code == 302
    user.refresh_from_db()
    assert (user.username, user.folded_name) == ("Ada", "ada")


def test_the_first_administrator_is_the_one_of_that_name(make_user):
    user = make_user("Admin")
    make_first_administrator("admin", "a-good-password")
    user.refresh_from_db()
    assert user.is_superuser
    assert get_user_model().objects.count() == 1


def test_two_who_were_alike_before_keep_their_names_and_sign_in_by_them(client, two_alike):
    assert sign_in(client, "/api/v1/auth/login", "Ada", "Ada-password")
    assert sign_in(client, "/api/v1/auth/login", "ada", "other-password")
    assert not sign_in(client, "/api/v1/auth/login", "Ada", "other-password")
    assert [user.username for user in two_alike] == ["Ada", "ada"]


def test_two_who_were_alike_before_can_be_changed_and_told_apart(client, administrator, two_alike):
    _elder, younger = two_alike
    client.force_login(administrator)
    assert change_user(client, younger, username="ada", first_name="Ada").status_code == 302
    assert change_user(client, younger, username="ada2", first_name="Ada").status_code == 302
    younger.refresh_from_db()
    assert (younger.username, younger.first_name, younger.folded_name) == ("ada2", "Ada", "ada2")


def test_an_upgrade_reports_two_names_that_are_alike(caplog, make_user):
    with caplog.at_level(logging.WARNING):
        make_two = make_user("Ada"), make_user("other")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET username = 'ada' WHERE id = %s", [make_two[1].pk])
            cursor.execute("UPDATE accounts_user SET folded_name = 'unfolded ' || id")
        migration.fold_user_names(apps, SimpleNamespace(connection=connection))
    assert "'Ada' and 'ada'" in caplog.text


def test_lists_of_people_are_in_the_same_order_on_every_database(client, administrator, make_user):
    for name in ("zoe", "Özge", "ada", "Bob", "oskar"):
        make_user(name)
    client.force_login(administrator)
    page = client.get("/images/").content.decode()
    places = [page.index(f">{name}</option>") for name in ("ada", "Bob", "oskar", "Özge", "root", "zoe")]
    assert places == sorted(places)
    page = client.get("/admin/accounts/user/").content.decode()
    places = [page.index(f">{name}</a>") for name in ("ada", "Bob", "oskar", "root", "zoe", "Özge")]
    assert places == sorted(places)
