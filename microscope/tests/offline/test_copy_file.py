"""The file of who was signed in: a program that starts during the outage believes its own file, and no other."""

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.personal_tokens.tokens import make_token
from microscope.tests.offline.outage import database_away

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]

CAMERA = "/api/v1/camera"


@pytest.fixture
def client(operator):
    client = Client()
    client.force_login(operator)
    assert client.get(CAMERA).status_code == 200
    return client


@pytest.fixture
def file(client, tmp_path):
    return tmp_path / "signed-in.txt"


def status_offline(client) -> int:
    with database_away():
        return client.get(CAMERA).status_code


def test_after_a_restart_during_the_outage_people_go_on(client, start_program):
    start_program()
    assert status_offline(client) == 200


def test_the_time_before_the_restart_counts(client, start_program, clock):
    clock.pass_by(hours=5)
    start_program()
    assert status_offline(client) == 200
    clock.pass_by(hours=2, minutes=59)
    assert status_offline(client) == 200
    clock.pass_by(minutes=2)
    assert status_offline(client) == 503


def test_a_restart_begins_no_new_period(client, start_program, clock):
    for _ in range(3):
        clock.pass_by(hours=3)
        start_program()
    assert status_offline(client) == 503


def test_the_pc_may_have_been_off(client, start_program, clock):
    clock.pass_by(hours=4)
    clock.passed_s = 30.0
    start_program()
    assert status_offline(client) == 200
    clock.pass_by(hours=4)
    assert status_offline(client) == 503


def test_a_file_from_the_future_is_not_believed(client, start_program, clock):
    clock.wall -= timedelta(hours=1)
    start_program()
    assert status_offline(client) == 503


def test_a_clock_set_back_by_the_time_that_passed_hides_nothing(client, start_program, clock):
    clock.pass_by(hours=9)
    clock.wall -= timedelta(hours=9)
    start_program()
    assert status_offline(client) == 503


def test_a_clock_set_back_while_the_pc_was_off_hides_no_more_than_that(client, start_program, clock):
    clock.pass_by(hours=20)
    clock.wall -= timedelta(hours=20)
    clock.passed_s = 9 * 3600.0  # the PC was started anew, nine hours ago
    start_program()
    assert status_offline(client) == 503


def test_a_clock_set_forward_ends_the_period(client, start_program, clock):
    clock.wall += timedelta(hours=9)
    start_program()
    assert status_offline(client) == 503


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(b'"is_superuser": false', b'"is_superuser": true'),
        lambda text: text.replace(b'"ada"', b'"eve"'),
        lambda text: text[:-1],
        lambda text: text[: len(text) // 2],
        lambda text: b"",
        lambda text: b"\xff\xfe" + text,
        lambda text: b"[]",
    ],
)
def test_an_edited_file_is_not_believed(client, file, start_program, edit):
    before = file.read_bytes()
    file.write_bytes(edit(before))
    assert file.read_bytes() != before
    start_program()
    assert status_offline(client) == 503
    assert client.get(CAMERA).status_code == 200


def test_a_file_of_another_secret_key_is_not_believed(client, start_program, settings):
    assert start_program().until is not None
    settings.SECRET_KEY = "another-key-of-more-than-thirty-two-characters"
    assert start_program().until is None


def test_who_was_forgotten_stays_forgotten_after_a_restart(client, operator, start_program):
    operator.is_active = False
    operator.save()
    start_program()
    assert status_offline(client) == 503


def test_a_file_that_is_a_folder_hinders_nobody(file, client, start_program):
    file.unlink()
    file.mkdir()
    start_program()
    assert client.get(CAMERA).status_code == 200
    assert status_offline(client) == 200


def test_nobody_can_sign_in_with_what_the_file_holds(client, operator, api, start_program, file, clock):
    _, text = make_token(operator, "night_scan.py", "capture", 30)
    script = api()
    script.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    script.get(CAMERA)
    clock.pass_by(minutes=2)
    client.get(CAMERA)
    kept = file.read_text()
    assert "night_scan.py" in kept
    for secret in (text, client.session.session_key, operator.password):
        assert secret not in kept


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_account_of_the_program_reads_the_file(file):
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_not_written_at_each_request(client, file, clock):
    written = file.stat().st_mtime_ns, file.stat().st_ino
    for _ in range(5):
        clock.pass_by(seconds=10)
        client.get(CAMERA)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written
    clock.pass_by(seconds=20)
    client.get(CAMERA)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) != written


def test_it_costs_no_question(client, start_program):
    client.get(CAMERA)
    with CaptureQueriesContext(connection) as with_copy:
        client.get(CAMERA)
    start_program(grace_s=0)
    with CaptureQueriesContext(connection) as without:
        client.get(CAMERA)
    assert len(with_copy) == len(without)
