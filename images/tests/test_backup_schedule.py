"""When the program makes a backup by itself, and how it reports a failed one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from images.backup.schedule import is_due
from images.backup.state import (
    FAILED,
    FINDINGS,
    INTERRUPTED,
    WHOLE,
    BackupState,
    Outcome,
    describe_trouble,
    note_outcome,
    read_state,
)

FOLDER = Path("/usb/backups")
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def outcome(ended: datetime, result: str = WHOLE, place: Path = FOLDER, what: str = "backup") -> Outcome:
    moment = ended.isoformat()
    return Outcome(what, result, moment, moment, str(place), "The disk is full." if result == FAILED else "")


def state(ended: datetime, place: Path = FOLDER / "backup_0001_2026-03-10") -> BackupState:
    finished = outcome(ended, place=place)
    return BackupState(last_backup=finished, last_finished_backup=finished)


@pytest.mark.parametrize(
    ("now", "finished", "expected"),
    [
        (NOW, NOW.replace(hour=3), False),
        (NOW, NOW.replace(hour=2, minute=59), True),
        (NOW.replace(hour=2), NOW.replace(hour=3) - timedelta(days=1), False),
        (NOW.replace(hour=2), NOW.replace(hour=2) - timedelta(days=1), True),
        (NOW, NOW + timedelta(days=400), True),
    ],
)
def test_a_backup_is_due_once_a_day_from_its_hour_on(now, finished, expected):
    assert is_due(state(finished), FOLDER, 3, now) is expected


def test_the_first_one_is_due_at_once():
    assert is_due(BackupState(), FOLDER, 3, NOW)


def test_a_backup_in_another_folder_does_not_count():
    assert is_due(state(NOW, Path("/other/backup_0001_2026-03-10")), FOLDER, 3, NOW)


def test_a_failed_backup_is_tried_again_an_hour_later():
    failed = BackupState(last_backup=outcome(NOW, FAILED))
    assert not is_due(failed, FOLDER, 3, NOW + timedelta(minutes=59))
    assert is_due(failed, FOLDER, 3, NOW + timedelta(minutes=61))
    assert is_due(failed, FOLDER, 3, NOW - timedelta(days=9))


def test_an_interrupted_backup_continues_at_once():
    assert is_due(BackupState(last_backup=outcome(NOW, INTERRUPTED)), FOLDER, 3, NOW)


def test_nothing_is_told_of_a_backup_that_is_whole():
    assert describe_trouble(state(NOW), True, NOW) is None
    assert describe_trouble(BackupState(), True, NOW) is None


def test_a_failed_backup_is_told_with_its_cause():
    word, sentence = describe_trouble(BackupState(last_backup=outcome(NOW, FAILED)), False, NOW)
    assert word == "failed"
    assert sentence.endswith("failed: The disk is full.")


def test_a_backup_that_found_something_is_told():
    assert describe_trouble(BackupState(last_backup=outcome(NOW, FINDINGS)), False, NOW)[0] == "findings"


def test_days_without_a_daily_backup_are_reported():
    old = state(NOW - timedelta(days=4))
    assert describe_trouble(old, True, NOW)[0] == "overdue"
    assert describe_trouble(old, False, NOW) is None


def test_a_later_failure_leaves_what_was_finished_before(tmp_path):
    good = outcome(NOW)
    note_outcome(tmp_path, good)
    note_outcome(tmp_path, outcome(NOW, FAILED))
    note_outcome(tmp_path, outcome(NOW, WHOLE, what="drill"))
    found = read_state(tmp_path)
    assert (found.last_finished_backup, found.last_backup.result) == (good, FAILED)
    assert found.last_good_drill.what == "drill"


def test_a_state_that_cannot_be_read_counts_as_none(tmp_path):
    (tmp_path / "backups.json").write_text('{"last_backup": ')
    assert read_state(tmp_path) == BackupState()


@pytest.mark.django_db
def test_health_names_the_trouble_and_a_managers_page_tells_it(client, make_user, settings, tmp_path):
    settings.DATA_PATH = tmp_path
    note_outcome(tmp_path, outcome(timezone.now(), FAILED))
    assert client.get("/health").json()["backup"] == "failed"
    sentence = "failed: The disk is full."
    for role, is_told in (("managers", True), ("operators", False)):
        client.force_login(make_user(role, role))
        assert (sentence in client.get("/images/").content.decode()) is is_told
    note_outcome(tmp_path, outcome(timezone.now()))
    assert client.get("/health").json()["backup"] == "ok"
