"""With the database away, who was signed in goes on at the camera, and nobody gains a right."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import make_token, revoke_token
from microscope.tests.offline.outage import database_away

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]

CAMERA, CAPTURE, SETTINGS = "/api/v1/camera", "/api/v1/camera/capture", "/api/v1/camera/settings"


@pytest.fixture
def by_session(operator):
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def by_jwt(api, operator):
    return api(operator)


def by_personal_token(user, scope: str = "capture") -> tuple[APIClient, PersonalToken]:
    token, text = make_token(user, "night_scan.py", scope, 30)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client, token


@pytest.fixture(params=["session", "jwt", "personal token"])
def client(request, operator):
    if request.param == "personal token":
        return by_personal_token(operator)[0]
    return request.getfixturevalue(f"by_{request.param}")


@pytest.fixture(params=["session", "personal token"])
def lasting(request, operator, by_session):
    """A sign-in that lasts longer than the grace period."""
    return by_session if request.param == "session" else by_personal_token(operator)[0]


def capture(client):
    return client.post(CAPTURE, "{}", content_type="application/json")


def assert_refused(response) -> None:
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "X-Offline" not in response.headers


def test_who_was_signed_in_goes_on(client, archive):
    assert client.get(CAMERA).status_code == 200
    with database_away():
        seen, taken = client.get(CAMERA), capture(client)
        set_to = client.patch(SETTINGS, '{"exposure": 7}', content_type="application/json")
    assert (seen.status_code, seen["X-Offline"]) == (200, "1")
    assert (taken.status_code, taken.json()["databaseSaved"], taken["X-Offline"]) == (201, False, "1")
    assert (archive.path_of(taken.json()["filename"])).exists()
    assert set_to.json()["exposure"] == pytest.approx(7, rel=0.01)
    assert "X-Offline" not in client.get(CAMERA).headers


def test_a_sign_in_that_the_database_never_accepted_does_not_count(client):
    with database_away():
        assert_refused(client.get(CAMERA))


def test_nothing_of_another_person_counts(client, api, make_user):
    client.get(CAMERA)
    stranger = api(make_user("eve", "operators"))
    with database_away():
        assert_refused(stranger.get(CAMERA))


def test_who_is_not_signed_in_stays_outside(client, api):
    client.get(CAMERA)
    with database_away():
        assert api().get(CAMERA).status_code == 401


def test_after_the_grace_period_nobody_goes_on(lasting, clock):
    lasting.get(CAMERA)
    clock.pass_by(hours=7, minutes=59)
    with database_away():
        assert lasting.get(CAMERA).status_code == 200
        clock.pass_by(minutes=2)
        assert_refused(lasting.get(CAMERA))


def test_the_outage_itself_extends_nothing(lasting, clock):
    lasting.get(CAMERA)
    with database_away():
        first = lasting.get(CAMERA)["X-Offline-Until"]
        clock.pass_by(hours=3)
        assert lasting.get(CAMERA)["X-Offline-Until"] == first


def test_each_good_answer_begins_the_period_anew(lasting, clock):
    lasting.get(CAMERA)
    clock.pass_by(hours=7)
    lasting.get(CAMERA)
    clock.pass_by(hours=7)
    with database_away():
        assert lasting.get(CAMERA).status_code == 200


def test_it_can_be_switched_off(client, start_program, tmp_path):
    client.get(CAMERA)
    assert (tmp_path / "signed-in.txt").exists()
    start_program(grace_s=0)
    client.get(CAMERA)
    with database_away():
        assert_refused(client.get(CAMERA))
    assert not (tmp_path / "signed-in.txt").exists()


def test_a_clock_that_was_set_back_stretches_nothing(lasting, clock):
    lasting.get(CAMERA)
    clock.pass_by(hours=9)
    clock.wall -= timedelta(days=30)
    with database_away():
        assert_refused(lasting.get(CAMERA))


def test_a_clock_that_was_set_forward_ends_nothing(lasting, clock):
    lasting.get(CAMERA)
    clock.wall += timedelta(days=10)
    with database_away():
        assert lasting.get(CAMERA).status_code == 200


def test_who_may_only_watch_gains_nothing(api, viewer):
    client = api(viewer)
    assert client.get(CAMERA).status_code == 200
    with database_away():
        assert client.get(CAMERA).status_code == 200
        refused = capture(client)
    assert (refused.status_code, refused["X-Offline"]) == (403, "1")


def test_a_right_that_was_lost_before_stays_lost(by_jwt, operator):
    assert capture(by_jwt).status_code == 201
    operator.groups.set(Group.objects.filter(name="viewers"))
    assert by_jwt.get(CAMERA).status_code == 200
    with database_away():
        assert capture(by_jwt).status_code == 403


def test_a_right_lost_in_this_process_counts_also_if_nobody_asked_since(by_jwt, operator):
    assert capture(by_jwt).status_code == 201
    operator.groups.clear()
    with database_away():
        assert_refused(capture(by_jwt))


def test_a_role_that_lost_a_right_counts_for_all_its_members(by_jwt):
    assert capture(by_jwt).status_code == 201
    Group.objects.get(name="operators").permissions.clear()
    with database_away():
        assert_refused(capture(by_jwt))


def test_an_account_that_ended_is_out(client, operator):
    client.get(CAMERA)
    operator.is_active = False
    operator.save()
    with database_away():
        assert_refused(client.get(CAMERA))


def test_a_changed_password_ends_the_sign_ins_of_before(by_session, by_jwt, operator):
    by_session.get(CAMERA), by_jwt.get(CAMERA)
    operator.set_password("another-password")
    operator.save()
    with database_away():
        assert_refused(by_session.get(CAMERA))
        assert_refused(by_jwt.get(CAMERA))


def test_a_password_changed_by_another_process_counts_from_the_next_answer(by_jwt, api, operator):
    by_jwt.get(CAMERA)
    operator.set_password("another-password")
    type(operator).objects.filter(pk=operator.pk).update(password=operator.password)
    operator.refresh_from_db()
    assert api(operator).get(CAMERA).status_code == 200
    with database_away():
        assert_refused(by_jwt.get(CAMERA))


def test_a_revoked_token_stays_revoked(operator):
    client, token = by_personal_token(operator)
    client.get(CAMERA)
    revoke_token(operator, token.pk)
    with database_away():
        assert_refused(client.get(CAMERA))


def test_a_refused_sign_in_is_forgotten(operator):
    client, token = by_personal_token(operator)
    client.get(CAMERA)
    PersonalToken.objects.filter(pk=token.pk).update(revoked_at=token.created_at)  # as another process does
    assert client.get(CAMERA).status_code == 401
    with database_away():
        assert_refused(client.get(CAMERA))


def test_what_is_revoked_meanwhile_is_obeyed_when_the_database_is_back(operator):
    client, token = by_personal_token(operator)
    client.get(CAMERA)
    with database_away():
        assert client.get(CAMERA).status_code == 200
    PersonalToken.objects.filter(pk=token.pk).update(revoked_at=token.created_at)
    assert client.get(CAMERA).status_code == 401


def test_a_token_that_may_only_watch_only_watches(operator):
    client, _ = by_personal_token(operator, "view")
    client.get(CAMERA)
    with database_away():
        assert client.get(CAMERA).status_code == 200
        assert capture(client).json()["code"] == "beyond_token"


def test_a_personal_token_ends_when_it_would_have_ended(operator, clock):
    client, token = by_personal_token(operator)
    client.get(CAMERA)
    clock.wall = token.expires_at - timedelta(minutes=1)
    with database_away():
        assert client.get(CAMERA).status_code == 200
        clock.pass_by(minutes=2)
        assert_refused(client.get(CAMERA))


def test_an_access_token_ends_when_it_would_have_ended(by_jwt, clock):
    by_jwt.get(CAMERA)
    with database_away():
        assert by_jwt.get(CAMERA).status_code == 200
        clock.pass_by(minutes=16)
        assert_refused(by_jwt.get(CAMERA))


def test_who_signs_out_is_out(by_session):
    by_session.get(CAMERA)
    cookies = by_session.cookies.copy()
    by_session.post("/sign-out")
    by_session.cookies = cookies
    with database_away():
        assert_refused(by_session.get(CAMERA))
