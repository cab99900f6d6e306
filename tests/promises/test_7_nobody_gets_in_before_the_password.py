"""Promise 7: until the administrator's password is set, nobody gets in but by the one-time link, on this PC."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from microscope.setup.door import the_door
from tests.promises.routes import ADMIN, ADMIN_OPEN, API, PAGES
from tests.promises.test_7_nobody_gets_in import ask

PASSWORD = "a-long-secret-word"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


@pytest.fixture
def link(settings, tmp_path):
    """The address of the one-time link of a program that waits for its password."""
    settings.DATA_PATH = tmp_path
    yield f"/setup/start/{the_door().shut()}"
    the_door().open()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_every_address_but_health_says_that_it_is_being_set_up(link, operator, method):
    """Also to somebody who has a session, for example of before the last administrator was removed."""
    client = Client()
    client.force_login(operator)
    for route in {*API, *PAGES, *ADMIN, *ADMIN_OPEN} - {"/health"}:
        response = ask(client, method, route)
        assert (response.status_code, response["Retry-After"]) == (503, "2"), route
        if route in API and method != "HEAD":
            assert response.json()["code"] == "being_set_up"
            assert response.json()["message"].startswith("Microscope is being set up. On the PC of the microscope")


def test_health_and_the_styles_of_the_page_still_answer(link, client):
    assert client.get("/health").json()["checks"]["database"] == "ok"
    assert client.get("/static/microscope/base.css").status_code == 200
    assert "Microscope is being set up." in client.get("/").content.decode()


ELSEWHERE = [
    {"REMOTE_ADDR": "192.0.2.7"},
    {"REMOTE_ADDR": "::ffff:192.0.2.7"},
    {"REMOTE_ADDR": ""},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_FORWARDED": "for=127.0.0.1"},
    {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
]


@pytest.mark.parametrize("origin", ELSEWHERE, ids=str)
def test_who_knows_the_link_gets_nowhere_from_elsewhere(link, client, origin):
    form = {"username": "admin", "password": PASSWORD}
    assert client.get(link, **origin).status_code == client.post(link, form, **origin).status_code == 503
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize("place", [{}, {"REMOTE_ADDR": "::1"}, {"REMOTE_ADDR": "127.0.0.2"}], ids=str)
def test_on_this_pc_the_link_opens(link, client, place):
    assert client.get(link, **place).status_code == 200


def test_a_program_that_listens_to_one_address_knows_its_own_pc_by_it(link, client, settings):
    assert client.get(link, REMOTE_ADDR="192.0.2.9").status_code == 503
    settings.HOST = "192.0.2.9"
    assert client.get(link, REMOTE_ADDR="192.0.2.9").status_code == 200


@pytest.mark.parametrize("spoil", [lambda link: link[:-1], lambda link: f"{link}x", lambda link: "/setup/start/é"])
def test_another_secret_opens_nothing(link, client, spoil):
    assert client.get(spoil(link)).status_code == 503


def test_the_link_works_once_and_then_leads_to_the_sign_in(link, client):
    form = {"username": "grace", "password": PASSWORD}
    assert client.post(link, form)["Location"] == "/setup/pictures/"
    stranger = Client()
    assert stranger.get(link)["Location"] == "/sign-in?next=/setup/"
    assert stranger.post(link, {"username": "eve", "password": PASSWORD})["Location"] == "/sign-in?next=/setup/"
    assert [user.username for user in get_user_model().objects.all()] == ["grace"]


def test_a_page_elsewhere_cannot_set_the_password(link):
    client = Client(enforce_csrf_checks=True)
    form = {"username": "eve", "password": PASSWORD}
    assert client.post(link, form, HTTP_ORIGIN="https://evil.example").status_code == 403
    assert not get_user_model().objects.exists()


def test_an_administrator_made_otherwise_opens_the_door(link, client, administrator):
    assert client.get(link)["Location"] == "/sign-in?next=/setup/"
    assert client.get("/sign-in").status_code == 200


def test_each_start_has_another_secret(link):
    before = link
    the_door().open()
    assert f"/setup/start/{the_door().shut()}" != before
    assert not the_door().fits(before.rpartition("/")[2])
