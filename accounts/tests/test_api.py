from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import UsedRefreshToken

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
forget_texts = import_module("accounts.migrations.0005_forget_token_texts").forget_texts


@pytest.fixture
def login(operator, api):
    """login() signs in and returns the pair of tokens."""
    return lambda: post(api(), "login", username="ada", password="ada-password").json()


def post(client: APIClient, call: str, **body):
    return client.post(f"{AUTH}/{call}", body, format="json")


def with_token(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def me(access: str) -> int:
    return with_token(access).get(f"{AUTH}/me").status_code


def test_a_name_and_a_password_give_a_pair_of_tokens_that_work(login):
    pair = login()
    assert set(pair) == {"access", "refresh"}
    assert me(pair["access"]) == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "ada", "password": "wrong"}, 401),
        ({"username": "nobody", "password": "ada-password"}, 401),
        ({"username": "ada\0", "password": "ada-password"}, 400),
        ({"username": "ada"}, 400),
        ({"username": ["ada"], "password": {}}, 400),
        ({}, 400),
    ],
)
def test_nothing_else_gives_tokens(operator, api, body, status):
    response = post(api(), "login", **body)
    assert response.status_code == status
    assert set(response.json()) == {"statusCode", "code", "message", "errors"}


def test_an_unknown_name_and_a_wrong_password_are_told_alike(operator, api):
    answers = [post(api(), "login", username=name, password="wrong").json() for name in ("ada", "nobody")]
    assert answers[0] == answers[1]


def test_who_is_deactivated_cannot_sign_in(operator, api):
    operator.is_active = False
    operator.save()
    assert post(api(), "login", username="ada", password="ada-password").status_code == 401


def test_me_tells_who_is_signed_in_and_what_they_may(login):
    answer = with_token(login()["access"]).get(f"{AUTH}/me").json()
    assert (answer["username"], answer["roles"]) == ("ada", ["operators"])
    assert (answer["isStaff"], answer["canView"], answer["canCapture"]) == (False, True, True)


def test_me_is_for_those_who_are_signed_in(api):
    assert api().get(f"{AUTH}/me").status_code == 401


def let_pass(time: timedelta) -> None:
    """Move the use of all refresh tokens into the past by this much."""
    UsedRefreshToken.objects.update(used_at=F("used_at") - time)


def test_a_refresh_token_gives_one_pair_and_after_some_seconds_nothing(login, api):
    first = login()
    second = post(api(), "refresh", refresh=first["refresh"]).json()
    assert second["refresh"] != first["refresh"]
    assert me(second["access"]) == 200
    assert post(api(), "refresh", refresh=first["refresh"]).json() == second
    let_pass(timedelta(seconds=11))
    again = post(api(), "refresh", refresh=first["refresh"])
    assert (again.status_code, again.json()["code"]) == (401, "token_not_valid")
    assert post(api(), "refresh", refresh=second["refresh"]).status_code == 200


def test_a_token_that_was_used_long_ago_blocks_nobody_however_often_it_is_sent(login, api):
    first = login()
    second = post(api(), "refresh", refresh=first["refresh"]).json()
    let_pass(timedelta(minutes=5))
    for _ in range(103):
        assert post(api(), "refresh", refresh=first["refresh"]).status_code == 401
    assert post(api(), "refresh", refresh=second["refresh"]).status_code == 200


def test_sign_out_ends_also_the_pair_that_another_tab_has_just_got(login, api):
    first = login()
    second = post(api(), "refresh", refresh=first["refresh"]).json()
    assert post(with_token(first["access"]), "logout", refresh=first["refresh"]).status_code == 204
    assert me(second["access"]) == 401
    assert post(api(), "refresh", refresh=second["refresh"]).status_code == 401


def test_a_token_that_was_made_while_the_clock_was_ahead_is_refused(operator, api):
    token = RefreshToken.for_user(operator)
    ahead = timezone.now() + timedelta(days=400)
    token.set_iat(at_time=ahead)
    token.set_exp(from_time=ahead)
    access = token.access_token
    access.set_iat(at_time=ahead)
    assert me(str(access)) == 401
    assert post(api(), "refresh", refresh=str(token)).status_code == 401


@pytest.mark.parametrize("token", ["nonsense", ""])
def test_no_other_token_is_refreshed(login, api, token):
    assert post(api(), "refresh", refresh=token).status_code in (400, 401)
    assert post(api(), "refresh", refresh=login()["access"]).status_code == 401


def test_both_tokens_die_with_logout(login, api):
    pair = login()
    assert post(with_token(pair["access"]), "logout", refresh=pair["refresh"]).status_code == 204
    assert me(pair["access"]) == 401
    assert post(api(), "refresh", refresh=pair["refresh"]).status_code == 401


def test_logout_ends_no_other_session(login):
    mine, other = login(), login()
    post(with_token(mine["access"]), "logout", refresh=mine["refresh"])
    assert me(other["access"]) == 200


def test_logout_wants_a_refresh_token_that_is_alive(login):
    pair = login()
    client = with_token(pair["access"])
    assert post(client, "logout").status_code == 400
    assert post(client, "logout", refresh="nonsense").status_code == 401
    assert post(client, "logout", refresh=pair["access"]).status_code == 401
    assert me(pair["access"]) == 200


def test_both_tokens_die_with_a_changed_password(login, api, operator):
    pair = login()
    operator.set_password("another password")
    operator.save()
    assert me(pair["access"]) == 401
    assert post(api(), "refresh", refresh=pair["refresh"]).status_code == 401


def test_both_tokens_die_with_deactivation(login, api, operator):
    pair = login()
    operator.is_active = False
    operator.save()
    assert me(pair["access"]) == 401
    assert post(api(), "refresh", refresh=pair["refresh"]).status_code == 401


def test_both_tokens_die_with_the_account(login, api, operator):
    pair = login()
    operator.delete()
    assert me(pair["access"]) == 401
    assert post(api(), "refresh", refresh=pair["refresh"]).status_code == 401


def test_a_session_from_a_page_serves_the_api_too_but_not_without_its_csrf_token(operator):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(operator)
    assert client.get(f"{AUTH}/me").status_code == 200
    response = post(client, "logout", refresh="x")
    assert (response.status_code, response.json()["code"]) == (403, "page_outdated")


def read_database() -> str:
    """Return all texts in the database."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return repr(rows)


def test_no_token_stands_in_the_database(login, api):
    """Nobody can sign in with what a copy of the database contains."""
    pairs = [login(), login()]
    pairs.append(post(api(), "refresh", refresh=pairs[0]["refresh"]).json())
    assert post(with_token(pairs[1]["access"]), "logout", refresh=pairs[1]["refresh"]).status_code == 204
    database = read_database()
    assert "ada" in database
    for token in [token for pair in pairs for token in pair.values()]:
        assert token.rpartition(".")[2] not in database
    assert me(pairs[2]["access"]) == 200


def test_tokens_that_older_versions_kept_are_forgotten_and_stay_good(login, api):
    pair = login()
    OutstandingToken.objects.update(token=pair["refresh"])
    forget_texts(apps, SimpleNamespace(connection=connection))
    assert set(OutstandingToken.objects.values_list("token", flat=True)) == {""}
    assert post(api(), "refresh", refresh=pair["refresh"]).status_code == 200
