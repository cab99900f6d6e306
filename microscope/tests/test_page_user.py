"""A page acts for the user for whom it was made, or not at all."""

import re

import pytest
from django.conf import settings
from django.test import Client

from images.models import Image

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera", "archive")]
MADE_FOR = re.compile('<meta name="page-user" content="([0-9]+)">')


@pytest.fixture
def linus(make_user):
    return make_user("linus", "operators")


@pytest.fixture
def sign_in():
    """sign_in(client, user) signs in like the page, so the forms of other pages have old tokens afterwards."""

    def go(client: Client, user) -> None:
        client.post("/sign-out")
        client.post("/sign-in", {"username": user.username, "password": f"{user.username}-password"})

    return go


@pytest.fixture
def old_page(client, operator, linus, sign_in):
    """old_page(method, address, body) sends a request from a page that was made for ada, while linus is signed in."""
    sign_in(client, operator)
    made_for = MADE_FOR.search(client.get("/images/").content.decode())[1]
    assert made_for == str(operator.pk)
    sign_in(client, linus)

    def ask(method: str, address: str, body=None):
        headers = {"X-Page-User": made_for}
        return client.generic(method, address, body or "{}", content_type="application/json", headers=headers)

    return ask


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "camera/capture"),
        ("PATCH", "camera/settings"),
        ("POST", "camera/auto-exposure"),
        ("POST", "camera/white-balance"),
        ("PATCH", "images/1"),
        ("DELETE", "images/1"),
        ("POST", "images/1/restore"),
        ("POST", "images/1/verify"),
        ("POST", "images/1/link"),
        ("POST", "images/bin"),
        ("POST", "images/restore"),
        ("POST", "images/bin/empty"),
        ("POST", "objectives"),
        ("PATCH", "objectives/0f0e0d0c-0b0a-0908-0706-050403020100"),
        ("POST", "objectives/0f0e0d0c-0b0a-0908-0706-050403020100/calibrations"),
    ],
)
def test_a_page_of_another_user_changes_nothing_and_says_who_is_signed_in(old_page, method, address):
    response = old_page(method, f"/api/v1/{address}")
    assert (response.status_code, response.json()["code"]) == (409, "user_changed")
    assert "You are now signed in as linus" in response.json()["message"]
    assert Image.objects.count() == 0


def test_an_old_page_may_still_look(old_page):
    assert old_page("GET", "/api/v1/images").status_code == 200


@pytest.mark.parametrize("address", ["/sign-out", "/profile/password", "/api/v1/images/zip"])
def test_a_form_of_an_old_page_leads_to_a_page_that_says_so(client, operator, linus, address):
    client.force_login(linus)
    response = client.post(address, {"page_user": operator.pk, "ids": "1"})
    assert response.status_code == 409
    assert "<h1>You are now signed in as linus" in response.content.decode()
    assert client.get("/profile").status_code == 200


def test_the_users_own_page_acts(client, operator, keep_page_header):
    client.force_login(operator)
    assert client.post("/api/v1/camera/capture", "{}", "application/json", headers=keep_page_header).status_code == 201
    assert Image.objects.get().user == operator


@pytest.fixture
def keep_page_header(operator):
    return {"X-Page-User": str(operator.pk)}


def test_a_script_with_a_token_acts_for_the_tokens_user(api, linus, keep_page_header):
    answer = api(linus).post("/api/v1/camera/capture", {}, format="json", headers=keep_page_header)
    assert (answer.status_code, Image.objects.get().user) == (201, linus)


def test_who_signed_out_elsewhere_is_asked_to_sign_in(client, keep_page_header):
    response = client.post("/api/v1/camera/capture", "{}", "application/json", headers=keep_page_header)
    assert response.status_code == 401


def test_a_form_of_the_admin_in_an_old_tab_is_refused(administrator, make_user, sign_in, linus):
    """Django gives every form a new token at each sign-in."""
    client = Client(enforce_csrf_checks=True)
    other = make_user("olga", "managers", is_staff=True, is_superuser=True)

    def enter(user) -> None:
        page = client.get("/sign-in").content.decode()
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        sent = {"username": user.username, "password": f"{user.username}-password", "csrfmiddlewaretoken": token}
        assert client.post("/sign-in", sent).status_code == 302

    enter(administrator)
    old = re.search(
        'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/admin/auth/group/add/").content.decode()
    )[1]
    client.cookies.pop(settings.SESSION_COOKIE_NAME)
    enter(other)
    assert client.post("/admin/auth/group/add/", {"name": "new", "csrfmiddlewaretoken": old}).status_code == 403


@pytest.mark.parametrize(
    "address", ["/", "/images/", "/images/bin/", "/objectives/", "/profile", "/api/v1/images", "/nowhere"]
)
def test_what_shows_the_library_as_it_is_now_is_kept_by_no_cache(client, operator, address):
    client.force_login(operator)
    assert client.get(address).headers["Cache-Control"] == "no-store"


def test_a_poll_under_an_old_session_takes_no_cookie_away(client, operator, settings):
    """The browser may have the cookie of a new session already, for example after a new password."""
    client.force_login(operator)
    operator.set_password("another-password-9")
    operator.save()
    answer = client.get("/api/v1/camera")
    assert answer.status_code == 401
    assert settings.SESSION_COOKIE_NAME not in answer.cookies
    page = client.get("/images/")
    assert page.status_code == 302
