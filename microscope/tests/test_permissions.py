import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import URLResolver, get_resolver
from rest_framework.views import APIView

from microscope.permissions import OPEN_TO_ALL, PERMISSION_BY_NEED, SIGNED_IN, HasNeeded, meets

pytestmark = pytest.mark.django_db
OPEN_ADDRESSES = {
    # /metrics: the client is on this PC. microscope/tests/test_metrics.py asks from elsewhere.
    *("/health", "/metrics", "/sign-in", "/sign-out", "/api/v1/auth/login", "/api/v1/auth/refresh"),
    *("/admin/login/", "/admin/logout/", "/admin/jsi18n/"),
}


def every_address(resolver: URLResolver | None = None, prefix: str = "/") -> dict[str, Any]:
    """Return every address of the program with its view."""
    found: dict[str, Any] = {}
    for entry in (resolver or get_resolver()).url_patterns:
        address = prefix + str(entry.pattern)
        found |= every_address(entry, address) if isinstance(entry, URLResolver) else {address: entry.callback}
    return found


def api_views() -> list[type[APIView]]:
    classes = [getattr(view, "view_class", None) or getattr(view, "cls", None) for view in every_address().values()]
    return [one for one in classes if one and issubclass(one, APIView)]


def test_every_call_says_what_it_needs_for_each_of_its_methods():
    for view in api_views():
        methods = {name.upper() for name in view.http_method_names if hasattr(view, name)} - {"OPTIONS", "HEAD"}
        assert methods == set(view.needs), view
        assert set(view.needs.values()) <= {*PERMISSION_BY_NEED, SIGNED_IN, OPEN_TO_ALL}


def test_only_signing_in_is_open_to_all():
    assert {view.__name__ for view in api_views() if OPEN_TO_ALL in view.needs.values()} == {"LoginView", "RefreshView"}


def fill(address: str) -> str:
    """Return the address with a value for each of its parameters."""
    return re.sub("<[^>]*>", "1", re.sub("<uuid:[^>]*>", "0f0e0d0c-0b0a-0908-0706-050403020100", address))


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_stranger_is_turned_away_everywhere_else(client, method):
    addresses = {fill(address) for address in every_address() if "(?P" not in address}
    for address in addresses - OPEN_ADDRESSES:
        response = client.generic(method, address)
        is_led_to_sign_in = response.status_code == 302 and re.search("/(sign-in|login/)[?]", response["Location"])
        is_wrong_link = (
            address.startswith(("/f/", "/live/", "/shared/")) and response.status_code == 404
        )  # only the token counts there
        is_turned_away = is_led_to_sign_in or is_wrong_link or response.status_code in (401, 403, 405)
        assert is_turned_away, (address, response.status_code)


@pytest.mark.parametrize(
    ("need", "stranger", "nobody", "viewer_", "operator_"),
    [
        ("nothing", True, True, True, True),
        ("sign-in", False, True, True, True),
        ("view", False, False, True, True),
        ("capture", False, False, False, True),
        (None, False, False, False, False),
    ],
)
def test_what_a_role_meets(make_user, viewer, operator, need, stranger, nobody, viewer_, operator_):
    people = (AnonymousUser(), make_user("eve"), viewer, operator)
    assert [meets(user, need) for user in people] == [stranger, nobody, viewer_, operator_]


def asks(user, method: str, view: object) -> bool:
    request = RequestFactory().generic(method, "/")
    request.user = user
    return HasNeeded().has_permission(request, view)


def test_a_method_of_which_a_view_says_nothing_admits_nobody(administrator):
    silent = SimpleNamespace(needs={"GET": "view"}, get=None, post=None)
    assert asks(administrator, "GET", silent)
    assert not asks(administrator, "POST", silent)
    assert not asks(administrator, "GET", SimpleNamespace(get=None))


def test_head_needs_what_get_needs(viewer, make_user):
    view = SimpleNamespace(needs={"GET": "view"}, get=None, head=None)
    assert asks(viewer, "HEAD", view)
    assert not asks(make_user("eve"), "HEAD", view)


def test_who_is_signed_in_is_told_that_a_method_does_not_exist(viewer):
    view = SimpleNamespace(needs={"GET": "capture"}, get=None)
    assert asks(viewer, "DELETE", view)
    assert not asks(AnonymousUser(), "DELETE", view)
