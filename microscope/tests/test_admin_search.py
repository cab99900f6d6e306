"""The search of the admin finds a name in any spelling of case and accents, on every database."""

import unicodedata

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group

from folding.searching import FoldedSearch
from images.models import Job, Objective
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db
STORED, ASKED = unicodedata.normalize("NFC", "Öztürk"), unicodedata.normalize("NFD", "ÖZTÜRK")


@pytest.fixture
def found(client, administrator):
    """found("accounts/user", "ada") returns the page with the results of the admin's search."""
    client.force_login(administrator)
    return lambda table, text: client.get(f"/admin/{table}/", {"q": text}).content.decode()


def test_every_search_of_the_admin_folds():
    tested_by_themselves = {"ImageAdmin", "AuditEntryAdmin"}
    by_numbers = {"OutstandingTokenAdmin", "BlacklistedTokenAdmin"}
    own = tested_by_themselves | by_numbers
    searching = {type(one) for one in admin.site._registry.values() if one.search_fields}
    assert [one.__name__ for one in searching if not issubclass(one, FoldedSearch) and one.__name__ not in own] == []


@pytest.mark.parametrize("field", ["username", "first_name", "last_name", "email"])
def test_users_are_found(found, make_user, field):
    make_user("another")
    user = make_user("somebody", first_name="Somebody")
    setattr(user, field, STORED)
    user.save()
    assert f"/admin/accounts/user/{user.pk}/change/" in found("accounts/user", ASKED)
    assert f"/admin/accounts/user/{user.pk}/change/" not in found("accounts/user", "unheard-of")


def test_jobs_objectives_and_roles_are_found(found, operator):
    rows = {
        "images/job": Job.objects.create(name=f"{STORED} series", user=operator),
        "images/objective": Objective.objects.create(name=STORED, magnification=4),
        "auth/group": Group.objects.create(name=STORED),
    }
    Objective.objects.create(name="another", magnification=4)
    for table, row in rows.items():
        assert f"/admin/{table}/{row.pk}/change/" in found(table, ASKED)
        assert f"/admin/{table}/{row.pk}/change/" not in found(table, "unheard-of")


def test_deeds_are_found_by_who_did_them_and_to_whom(found, api, make_user):
    user = make_user(STORED)
    for password in ("wrong", f"{STORED}-password"):
        api().post("/api/v1/auth/login", {"username": ASKED, "password": password}, format="json")
    page = found("microscope/auditentry", STORED.upper())
    for deed in ("Failed to sign in", "Signed in", "User added"):
        assert f'<td class="field-what">{deed}</td>' in page
    assert "field-what" not in found("microscope/auditentry", STORED[:-1]), "names are looked for as a whole"
    assert user.username in page


def test_deeds_are_found_by_the_number_of_the_image(found, keep_image, api, operator):  # noqa: F811
    image, other = keep_image(), keep_image()
    for one in (image, other):
        assert api(operator).delete(f"/api/v1/images/{one.pk}").status_code == 204
    page = found("microscope/auditentry", str(image.pk))
    assert image.filename in page
    assert other.filename not in page


@pytest.mark.parametrize("table", ["accounts/user", "images/job", "microscope/auditentry", "auth/group"])
@pytest.mark.parametrize("text", ["\0", "%", "_", "'\"", "9" * 30, "\ud800"])
def test_signs_of_every_kind_are_only_text(client, administrator, table, text):
    client.force_login(administrator)
    answer = client.get(f"/admin/{table}/?q=" + "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace")))
    assert answer.status_code in (200, 302)
