"""Nobody can guess a password by trying, through the page, the admin or the API. Nobody is locked out by others, or for
ever."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.addresses import address_of
from accounts.models import AttemptTally
from accounts.throttling import MAX_BY_ADDRESS, MAX_BY_NAME_AND_ADDRESS, WINDOW, forget_old_attempts
from images.tests.conftest import rows_refused

pytestmark = pytest.mark.django_db
LOGIN, PAGE, ADMIN = "/api/v1/auth/login", "/sign-in", "/admin/login/"
MINE, THEIRS = "10.0.0.1", "10.0.0.2"


def sign_in(door: str = LOGIN, username: str = "ada", password: str = "wrong", address: str = MINE, **headers):
    form = {"username": username, "password": password}
    content_type = {"content_type": "application/json"} if door == LOGIN else {}
    return Client().post(door, form, REMOTE_ADDR=address, **content_type, **headers)


def fail(times: int, **fields) -> None:
    for _ in range(times):
        assert sign_in(**fields).status_code in (200, 401)


def is_in(response) -> bool:
    return response.status_code == 302 or "access" in (response.json() if response.status_code == 200 else {})


@pytest.mark.parametrize("door", [LOGIN, PAGE, ADMIN])
def test_after_some_failures_even_the_right_password_waits(administrator, camera, door):
    fail(MAX_BY_NAME_AND_ADDRESS, door=door, username="root")
    response = sign_in(door, "root", "root-password")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= WINDOW.total_seconds()
    assert "Too many failed attempts. Try again in 15 minutes." in response.content.decode()


def test_the_api_tells_it_in_the_shape_of_all_errors(operator):
    fail(MAX_BY_NAME_AND_ADDRESS)
    body = sign_in().json()
    assert (body["statusCode"], body["code"]) == (429, "too_many_attempts")
    assert set(body) == {"statusCode", "code", "message", "errors"}


def test_the_page_keeps_the_name_and_the_form(operator, camera):
    fail(MAX_BY_NAME_AND_ADDRESS, door=PAGE)
    said = sign_in(PAGE).content.decode()
    assert 'role="alert"' in said and 'value="ada"' in said and 'name="password"' in said


def test_one_door_shuts_them_all(administrator, camera):
    fail(MAX_BY_NAME_AND_ADDRESS, door=LOGIN, username="root")
    for door in (PAGE, ADMIN):
        assert sign_in(door, "root", "root-password").status_code == 429


def test_the_owner_can_sign_in_from_elsewhere_meanwhile(operator):
    fail(MAX_BY_NAME_AND_ADDRESS)
    assert is_in(sign_in(password="ada-password", address=THEIRS))


def test_others_at_that_address_can_sign_in_meanwhile(operator, viewer):
    fail(MAX_BY_NAME_AND_ADDRESS)
    assert is_in(sign_in(username="vera", password="vera-password"))


def test_who_tries_many_names_waits_with_all_of_them(operator):
    for number in range(MAX_BY_ADDRESS):
        assert sign_in(username=f"name-{number}").status_code == 401
    assert sign_in(password="ada-password").status_code == 429
    assert is_in(sign_in(password="ada-password", address=THEIRS))


def test_the_wait_ends_when_it_was_said_to_end_however_often_one_tries_meanwhile(operator):
    fail(MAX_BY_NAME_AND_ADDRESS)
    waits_s = [int(sign_in()["Retry-After"]) for _ in range(3)]
    assert waits_s == sorted(waits_s, reverse=True)
    AttemptTally.objects.update(since=timezone.now() - WINDOW)
    assert is_in(sign_in(password="ada-password"))


def test_success_forgives_the_failures_of_that_name(operator):
    for _ in range(3):
        fail(MAX_BY_NAME_AND_ADDRESS - 1)
        assert is_in(sign_in(password="ada-password"))


def test_own_success_buys_no_guesses_at_others(operator, viewer):
    for number in range(MAX_BY_ADDRESS):
        sign_in(username=f"name-{number}")
        if number % 10 == 0:
            sign_in(username="vera", password="vera-password")
    assert sign_in(username="vera", password="vera-password").status_code == 429


def test_success_counts_as_nothing(operator):
    for _ in range(2 * MAX_BY_NAME_AND_ADDRESS):
        assert is_in(sign_in(password="ada-password"))


def test_an_unknown_name_waits_like_a_known_one(operator):
    """Otherwise the answer would show which names exist."""
    fail(MAX_BY_NAME_AND_ADDRESS, username="nobody")
    assert sign_in(username="nobody").status_code == 429


@pytest.mark.parametrize("disguise", ["ADA", "Ada", "\uff41da"])
def test_a_name_written_otherwise_is_the_same_name(operator, disguise):
    fail(MAX_BY_NAME_AND_ADDRESS, username=disguise)
    assert sign_in().status_code == 429


def test_an_ipv6_network_is_one_address(operator):
    for number in range(MAX_BY_NAME_AND_ADDRESS):
        fail(1, address=f"2001:db8::{number:x}")
    assert sign_in(address="2001:db8::ffff").status_code == 429
    assert is_in(sign_in(password="ada-password", address="2001:db8:0:1::1"))


def test_what_a_client_says_of_its_address_counts_for_nothing(operator):
    for number in range(MAX_BY_NAME_AND_ADDRESS):
        fail(1, HTTP_X_FORWARDED_FOR=f"10.9.9.{number}", HTTP_X_REAL_IP=f"10.9.9.{number}")
    assert sign_in(HTTP_X_FORWARDED_FOR="10.9.9.99").status_code == 429


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.9"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.8", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "nonsense", "10.0.0.9"),
        (1, "::ffff:1.2.3.4", "1.2.3.4"),
    ],
)
def test_behind_proxies_only_what_they_themselves_saw_counts(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert address_of(request) == address


def test_refresh_tokens_cannot_be_guessed_either(operator):
    def refresh():
        body = {"refresh": "a.b.c"}
        return Client().post("/api/v1/auth/refresh", body, content_type="application/json", REMOTE_ADDR=MINE)

    assert {refresh().status_code for _ in range(MAX_BY_ADDRESS)} == {401}
    assert (refresh().status_code, refresh().json()["code"]) == (429, "too_many_attempts")
    assert is_in(sign_in(password="ada-password"))


def test_the_old_password_cannot_be_guessed_with_somebodys_session(client, operator, camera):
    client.force_login(operator)
    guess = {"old_password": "wrong", "new_password1": "a-much-better-one-7", "new_password2": "a-much-better-one-7"}
    for address in ("/profile/password", "/admin/password_change/"):
        for _ in range(MAX_BY_NAME_AND_ADDRESS // 2):
            assert client.post(address, guess).status_code == 200
    assert client.post("/profile/password", {**guess, "old_password": "ada-password"}).status_code == 429
    operator.refresh_from_db()
    assert operator.check_password("ada-password")


def test_a_new_password_that_is_refused_is_no_guess(client, operator, camera):
    client.force_login(operator)
    weak = {"old_password": "ada-password", "new_password1": "12345678", "new_password2": "12345678"}
    for _ in range(MAX_BY_NAME_AND_ADDRESS + 1):
        assert client.post("/profile/password", weak).status_code == 200


def test_tallies_are_forgotten_in_time(operator):
    fail(1)
    assert forget_old_attempts() == 0
    AttemptTally.objects.update(since=timezone.now() - 3 * WINDOW - timedelta(seconds=1))
    assert forget_old_attempts() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_database_nobody_can_sign_in_and_the_answer_says_so(operator, camera):
    with rows_refused("sign_in_attempts"):
        response = sign_in(password="ada-password")
        page = sign_in(PAGE, password="ada-password")
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert page.status_code == 503
    assert is_in(sign_in(password="ada-password"))


@pytest.mark.parametrize("ahead", [timedelta(minutes=20), timedelta(days=400)])
def test_failures_under_a_clock_that_was_ahead_wait_no_longer_than_others(operator, ahead):
    fail(MAX_BY_NAME_AND_ADDRESS)
    AttemptTally.objects.update(since=timezone.now() + ahead)
    response = sign_in(password="ada-password")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= WINDOW.total_seconds()
    AttemptTally.objects.update(since=F("since") - WINDOW)
    assert is_in(sign_in(password="ada-password"))


def test_a_session_that_was_begun_under_a_clock_that_was_ahead_has_ended(client, operator, camera):
    client.force_login(operator)
    assert client.get("/profile").status_code == 200
    Session.objects.update(expire_date=timezone.now() + timedelta(days=400))
    assert client.get("/profile").status_code == 302
