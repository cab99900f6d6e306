"""With the database away, the camera's addresses answer who was signed in. All others answer 503, as before."""

import pytest
from django.test import Client
from django.urls import get_resolver

from microscope.offline.routes import OFFLINE_ROUTES
from microscope.tests.offline.outage import database_away
from microscope.tests.test_permissions import every_address
from tests.promises.routes import ADMIN, API, PAGES
from tests.promises.test_7_nobody_gets_in import address_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]

GO_ON = {
    "/",
    "/api/v1/camera",
    "/api/v1/camera/frame",
    "/api/v1/camera/statistics",
    "/api/v1/camera/live",
    "/api/v1/camera/settings",
    "/api/v1/camera/auto-exposure",
    "/api/v1/camera/white-balance",
    "/api/v1/camera/capture",
    "/api/v1/control",
    "/api/v1/control/ask",
    "/api/v1/control/answer",
    "/api/v1/control/take",
    "/api/v1/storage",
}
# They need neither sign-in nor database, or only refuse. Links carry their own token, and know no sign-in.
OPEN = {"/health", "/metrics", "/setup/start/<str:secret>", "/admin/^(?P<app_label>)/$", "/admin/(?P<url>.*)$"}


@pytest.fixture
def client(administrator):
    client = Client()
    client.force_login(administrator)
    assert client.get("/").status_code == 200
    return client


def test_exactly_these_addresses_go_on():
    named = get_resolver().reverse_dict
    assert {f"/{named.getlist(name)[0][0][0][0]}" for name in OFFLINE_ROUTES} == GO_ON
    assert set(every_address()) >= GO_ON


def methods_of(route: str) -> list[str]:
    return [*{**API, **PAGES}.get(route, {"GET": ""})]


def test_every_other_address_is_refused(client):
    for route in {*API, *PAGES, *ADMIN} - GO_ON - OPEN:
        if route.startswith(("/f/", "/live/", "/shared/")):
            continue
        for method in methods_of(route):
            with database_away():
                response = client.generic(method, address_of(route), "{}", "application/json")
            assert "X-Offline" not in response.headers, (method, route)
            assert response.status_code in (503, 404, 400, 403, 405), (method, route, response.status_code)


@pytest.mark.parametrize(
    "address", ["/images/", "/api/v1/images", "/admin/", "/profile", "/status/", "/api/v1/auth/me"]
)
def test_library_and_accounts_say_that_the_database_is_away(client, address):
    with database_away():
        response = client.get(address)
    assert response.status_code == 503
    assert b"The database does not answer" in response.content


def test_nobody_signs_in_and_no_token_is_made_or_exchanged(client, operator, api):
    with database_away():
        asked = {
            "/api/v1/auth/login": {"username": "ada", "password": "ada-password"},
            "/api/v1/auth/refresh": {"refresh": "x"},
            "/api/v1/auth/tokens": {"name": "x", "scope": "view", "days": 3},
            "/api/v1/camera/live/link": {},
        }
        for address, body in asked.items():
            status = client.post(address, body, content_type="application/json").status_code
            assert status in (503, 401), address
        assert client.post("/sign-in", {"username": "ada", "password": "ada-password"}).status_code == 503


def test_the_live_page_is_there(client):
    with database_away():
        response = client.get("/")
    assert response.status_code == 200
    assert response["X-Offline"] == "1"
    assert 'id="capture"' in response.content.decode()


def test_a_form_of_another_site_is_refused_as_ever(administrator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    client.get("/api/v1/camera")
    with database_away():
        response = client.post("/api/v1/camera/capture", "{}", content_type="application/json")
    assert response.status_code == 403


def test_health_says_since_when_and_until_when(client):
    assert "offline" not in client.get("/health").json()
    with database_away():
        told = client.get("/health").json()["offline"]
        seen = client.get("/api/v1/camera")
    assert told["since"] < told["until"]
    assert told["until"] == seen["X-Offline-Until"]
    assert seen["X-Offline-Reason"] == "database_unavailable"
    assert "offline" not in client.get("/health").json()


def test_another_site_that_is_allowed_may_read_the_headers(client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://lab.example"]
    with database_away():
        answer = client.get("/api/v1/camera", HTTP_ORIGIN="https://lab.example")
    assert {"X-Offline", "X-Offline-Until", "X-Offline-Reason"} <= set(
        answer["Access-Control-Expose-Headers"].split(", ")
    )
