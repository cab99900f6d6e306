"""`manage.py verify` is killed or interrupted: the next run continues there, and finds nothing twice."""

import os
import re
import signal
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone
from filelock import FileLock

from images.models import Finding, Verification
from images.tests.commands import start_command
from images.tests.frames import TAKEN_AT
from images.tests.places import path_of
from images.tests.spoiled import (
    CHANGED,
    FINDINGS,
    INTERRUPTED,
    MISSING,
    ORPHANED,
    STRAY,
    UNKNOWN,
    age,
    found,
    run,
    steps_of,
)
from images.verification.run import KEPT_RUNS, begin_verification, is_silent
from microscope.tests.migrated import fill_file

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


@pytest.mark.parametrize("done", range(8))
@pytest.mark.parametrize("end", ["told", "killed"])
def test_after_an_end_at_any_step_the_next_run_continues_and_finds_all_once(archive, images, done, end):
    for spoil, _expected in FINDINGS.values():
        spoil(archive, images)
    age(archive)
    _run, verifier = steps_of(archive)
    steps = verifier.steps()
    for _ in range(done):
        next(steps)
    if end == "told":
        verifier.save(Verification.State.INTERRUPTED)
        assert Verification.objects.get().image_count == min(done, 4)
    assert run()[0] == MISSING | CHANGED | UNKNOWN | ORPHANED | STRAY
    assert Verification.objects.get().state == "finished"
    expected = set().union(*(places for _spoil, places in FINDINGS.values()))
    assert found() == expected
    assert Finding.objects.count() == len(expected) == sum(Verification.objects.get().counts.values())


def test_the_next_run_after_a_finished_one_begins_anew(archive, images):
    run()
    run()
    assert list(Verification.objects.values_list("state", "image_count")) == [("finished", 6), ("finished", 6)]


def test_restart_abandons_the_unfinished_run(archive, images):
    _run, verifier = steps_of(archive)
    next(verifier.steps())
    verifier.save("interrupted")
    run("--restart")
    assert list(Verification.objects.values_list("state", "image_count")) == [("finished", 6), ("given up", 1)]


def test_old_runs_are_deleted(archive):
    for _ in range(KEPT_RUNS + 3):
        run()
    assert Verification.objects.count() == KEPT_RUNS


def test_a_second_one_at_the_same_time_is_refused(settings):
    with (
        FileLock(settings.DATA_PATH / "verify.lock"),
        pytest.raises(CommandError, match=r"Another manage\.py verify is running"),
    ):
        run()


def test_a_run_that_says_nothing_more_was_killed():
    verification = begin_verification("ada")
    assert not is_silent(verification)
    for seen_at in (timezone.now() - timedelta(minutes=6), timezone.now() + timedelta(days=400)):
        verification.seen_at = seen_at
        assert is_silent(verification)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_next_process_continues_after_an_interrupted_or_killed_one(tmp_path, archive, keep_original, number):
    for second in range(30):
        kept, _record = keep_original(taken_at=TAKEN_AT + timedelta(seconds=second))
    fill_file(tmp_path / "microscope.sqlite3")
    with start_command(tmp_path, "rebuild", "-v0") as prepared:
        assert prepared.communicate(timeout=120) and prepared.returncode == 0
    spoiled = sorted(path_of(kept).parent.iterdir())[0]
    spoiled.write_bytes(spoiled.read_bytes()[:-1] + b"x")
    with start_command(tmp_path, "verify", "--rate", "0.05") as first:
        line = first.stdout.readline()
        assert "Changed: " in line
        first.send_signal(number)
        printed = first.communicate(timeout=60)[0]
    is_killed = number == signal.SIGKILL
    assert first.returncode == (-number if is_killed else INTERRUPTED | CHANGED), printed
    with start_command(tmp_path, "verify") as second:
        printed = second.communicate(timeout=60)[0]
    assert second.returncode == CHANGED, printed
    assert "30 originals verified" in printed
    assert re.search(r"Changed +1\n", printed)
    assert is_killed or "Continuing after " in printed
