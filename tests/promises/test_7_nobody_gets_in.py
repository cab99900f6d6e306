"""Promise 7: nobody gets in without permission. Every address, every method, every role, every kind of token.

The other files: sideways (other sites, paths, headers), slowly, by schema, by bomb, for real. Hostile texts in a real
browser: microscope/tests/browser/test_hostile_text.py.
"""

import re
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.sign_in.tokens import RevocableAccessToken, revoke
from microscope.permissions import PERMISSION_BY_NEED
from microscope.tests.test_permissions import every_address
from tests.promises.routes import ADMIN, ADMIN_OPEN, API, OPEN, PAGES, SIGNED_IN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]

METHODS = [
    *["GET", "POST", "PATCH", "DELETE"],
    # Few addresses take these, or none.
    *(pytest.param(method, marks=pytest.mark.long) for method in ["HEAD", "PUT", "OPTIONS", "TRACE", "BREW"]),
]
ROLES = ["viewers", "operators", "managers"]
MAY = {
    None: set(),
    "viewers": {"view"},
    "operators": {"view", "capture", "edit", "bin", "share"},
    "managers": {"view", "capture", "edit", "bin", "share", "remove", "calibrate", "oversee"},
}
NO_SUCH_IMAGE = "999999"
NO_SUCH_OBJECTIVE = "00000000-0000-4000-8000-000000000000"


def address_of(route: str) -> str:
    """Return an address of this route. No image has the number in it."""
    route = re.sub(r"<uuid:[^>]*>", NO_SUCH_OBJECTIVE, route)
    return re.sub(r"<[^>]*>", NO_SUCH_IMAGE, re.sub(r"\^?\(\?P<(app_label|url)>[^)]*\)/?\$", "accounts/", route))


def named(route: str) -> str:
    """Return the route without the list of apps in the admin's pattern. Django makes that list."""
    return re.sub(r"\(\?P<app_label>[^)]*\)", "(?P<app_label>)", route)


def ask(client: Client, method: str, route: str, **headers: Any):
    return client.generic(method, address_of(route), "{}", "application/json", **headers)


def need_of(needs: dict[str, str], method: str) -> str | None:
    return needs.get("GET" if method == "HEAD" else method)


def is_led_to_sign_in(response) -> bool:
    return response.status_code == 302 and re.match(r"/(sign-in|admin/login/)\?next=", response["Location"]) is not None


def bearer(token: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


@pytest.fixture
def someone(make_user):
    """someone(role) signs a user in. None: a user without a role. "administrator": a superuser."""

    def sign_in(role: str | None, **fields: Any):
        is_administrator = role == "administrator"
        user = make_user("grace", *([role] if role in ROLES else []), is_superuser=is_administrator, **fields)
        client = Client()
        client.force_login(user)
        return client, user

    return sign_in


def test_every_address_stands_in_the_table_and_no_other():
    listed = {*API, *PAGES, *ADMIN, *ADMIN_OPEN}
    assert {named(route) for route in every_address()} == listed


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_gets_nothing_but_sign_in_and_health(client, method):
    for route, needs in {**API, **PAGES}.items():
        response, need = ask(client, method, route), need_of(needs, method)
        if need == OPEN:
            may_be = (
                (200, 302, 400, 404, 503) if route.startswith(("/f/", "/live/", "/shared/")) else (200, 302, 400, 503)
            )
            assert response.status_code in may_be, (route, response.status_code)
        elif route in API:
            # On an open address OPTIONS gets 200 and a missing method 405: neither shows anything.
            told = (200, 405) if OPEN in needs.values() else (401,)
            assert response.status_code in told, (route, response.status_code)
        else:
            told = (200, 405) if OPEN in needs.values() else (405,)
            assert is_led_to_sign_in(response) or response.status_code in told, (route, response.status_code)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", [None, *ROLES])
def test_only_staff_comes_into_the_admin(someone, role, method):
    client, _ = someone(role)
    for route in ADMIN:
        assert is_led_to_sign_in(ask(client, method, route)) or method == "TRACE", route


@pytest.mark.parametrize("method", METHODS)
def test_no_stranger_comes_into_the_admin(client, method):
    for route in ADMIN:
        assert is_led_to_sign_in(ask(client, method, route)) or method == "TRACE", route


@pytest.mark.parametrize("method", METHODS)
def test_staff_without_permissions_sees_no_table(someone, method):
    client, _ = someone("managers", is_staff=True)
    for route in ADMIN:
        response = ask(client, method, route)
        # Managers list the personal tokens, to revoke them.
        is_of_a_table = re.match("/admin/(accounts/user|auth)/", route)
        if is_of_a_table and not route.endswith("<path:object_id>/"):
            assert response.status_code in (403, 302, 405), (route, response.status_code)
        assert response.status_code < 500


@pytest.mark.parametrize("role", [None, *ROLES, "administrator"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("way", ["session", "token"])
def test_each_role_gets_what_it_needs_and_nothing_else(someone, role, method, way):
    client, user = someone(role)
    headers = bearer(str(RefreshToken.for_user(user).access_token)) if way == "token" else {}
    client = Client() if way == "token" else client
    for route, needs in {**API, **(PAGES if way == "session" else {})}.items():
        if route in ("/sign-out", "/sign-in"):  # one ends the session, the other redirects users who have one
            continue
        status, need = ask(client, method, route, **headers).status_code, need_of(needs, method)
        if need is None:
            assert status in ((200, 403, 405) if method == "OPTIONS" else (403, 405)), (route, status)
        elif need in (OPEN, SIGNED_IN) or role == "administrator" or need in MAY[role]:
            assert status in (200, 201, 202, 204, 302, 400, 401, 404, 409), (route, status)
            assert status != 401 or "auth" in route, route
        else:
            assert status == 403, (route, status)


def test_the_table_knows_every_need():
    needs = {need for by_method in [*API.values(), *PAGES.values()] for need in by_method.values()}
    assert needs == {OPEN, SIGNED_IN, *PERMISSION_BY_NEED}


# Tokens that must not be accepted


def of_another_kind(user) -> str:
    return str(RefreshToken.for_user(user))


def revoked(user) -> str:
    pair = RefreshToken.for_user(user)
    access = RevocableAccessToken(str(pair.access_token))
    revoke(str(pair), access)
    return str(access)


def expired(user) -> str:
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


def claims_of(user) -> dict[str, Any]:
    return dict(AccessToken.for_user(user).payload)


def signed_with_another_key(user) -> str:
    return jwt.encode(claims_of(user), "another-key-" * 6, "HS256")


def not_signed(user) -> str:
    return jwt.encode(claims_of(user), None, "none")


def signed_by_another_algorithm(user) -> str:
    return jwt.encode(claims_of(user), settings.SECRET_KEY, "HS512")


def with_its_signature_cut_off(user) -> str:
    return str(AccessToken.for_user(user)).rsplit(".", 1)[0] + "."


def with_another_user_in_it(user) -> str:
    head, _, signature = str(AccessToken.for_user(user)).split(".")
    body = jwt.encode({**claims_of(user), "user_id": "1"}, "x" * 64, "HS256").split(".")[1]
    return f"{head}.{body}.{signature}"


def without_a_user(user) -> str:
    claims = claims_of(user)
    del claims["user_id"]
    return jwt.encode(claims, settings.SECRET_KEY, "HS256")


def of_a_user_whose_number_is_none(user) -> str:
    return jwt.encode({**claims_of(user), "user_id": "1 OR 1=1"}, settings.SECRET_KEY, "HS256")


def of_a_user_whose_number_is_beyond_all(user) -> str:
    return jwt.encode({**claims_of(user), "user_id": str(10**30)}, settings.SECRET_KEY, "HS256")


def of_who_was_deactivated(user) -> str:
    token = str(AccessToken.for_user(user))
    user.is_active = False
    user.save()
    return token


def from_before_a_change_of_password(user) -> str:
    token = str(AccessToken.for_user(user))
    user.set_password("another-password-9")
    user.save()
    return token


def of_who_is_gone(user) -> str:
    token = str(AccessToken.for_user(user))
    user.delete()
    return token


BAD_TOKENS = [
    *(of_another_kind, revoked, expired, signed_with_another_key, not_signed, signed_by_another_algorithm),
    *(with_its_signature_cut_off, with_another_user_in_it, without_a_user, of_a_user_whose_number_is_none),
    *(of_a_user_whose_number_is_beyond_all, of_who_was_deactivated, from_before_a_change_of_password, of_who_is_gone),
]


@pytest.mark.parametrize("spoil", BAD_TOKENS, ids=lambda spoil: spoil.__name__)
def test_an_invalid_token_opens_nothing(client, administrator, spoil):
    headers = bearer(spoil(administrator))
    for route, needs in {**API, **PAGES}.items():
        for method, need in needs.items():
            if need == OPEN:
                continue
            response = ask(client, method, route, **headers)
            if route in API:
                assert response.status_code == 401, (route, method, response.status_code)
                assert set(response.data) == {"statusCode", "code", "message", "errors"}
            else:
                assert is_led_to_sign_in(response), (route, method, response.status_code)
    for route in ADMIN:
        assert is_led_to_sign_in(ask(client, "GET", route, **headers)), route


@pytest.mark.parametrize("spoil", [of_who_was_deactivated, from_before_a_change_of_password, of_who_is_gone])
def test_a_session_dies_with_the_account_and_with_its_password(administrator, spoil):
    client = Client()
    client.force_login(administrator)
    assert client.get("/profile").status_code == 200
    spoil(administrator)
    assert is_led_to_sign_in(client.get("/profile"))
    assert is_led_to_sign_in(client.get("/admin/"))
    assert client.get("/api/v1/auth/me").status_code == 401


def test_the_cookie_of_a_session_is_worth_nothing_after_signing_out(someone):
    client, _ = someone("operators")
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/sign-out")
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert is_led_to_sign_in(thief.get("/profile"))
    assert thief.get("/api/v1/images").status_code == 401
