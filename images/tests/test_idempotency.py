"""One key, one picture: a client that lost the answer repeats the request and gets the same picture."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from images.capture.capture import capture_image
from images.errors import IdempotencyKeyReused
from images.index.adoption import adopt_unlisted
from images.index.idempotency import IdempotencyKey, IdempotentCaptures, forget_old_keys
from images.library import the_library
from images.models import Image
from images.run_days import RunDays, register_run_days, the_run_days
from images.tests.clocks import SetClock
from images.tests.conftest import rows_refused, wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
CAPTURE = "/api/v1/camera/capture"


@pytest.fixture
def capture(api, operator):
    """capture("key", exposure=5) captures an image, as an operator if no other client is given."""

    def ask(key: str, client: APIClient | None = None, **body):
        return (client or api(operator)).post(CAPTURE, body, format="json", HTTP_IDEMPOTENCY_KEY=key)

    return ask


def files() -> list[str]:
    return sorted(path.name for path in the_library().archive.root.rglob("capture_*"))


def restart() -> None:
    """Forget what the process remembers, as a restart does."""
    the_library().idempotent_captures = IdempotentCaptures(the_library().archive)


def test_a_request_that_is_repeated_gets_the_first_ones_answer(capture):
    first, second = capture("a-1", exposure=5, note="x"), capture("a-1", note="x", exposure=5)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(files()) == Image.objects.count() == 1


def test_a_repeated_request_gets_the_same_answer_after_a_restart(capture):
    first = capture("a-1", exposure=5)
    restart()
    assert capture("a-1", exposure=5).json() == first.json()
    assert len(files()) == 1


def test_without_a_key_each_request_is_a_picture(api, operator):
    for _ in range(2):
        assert api(operator).post(CAPTURE, {}, format="json").status_code == 201
    assert len(files()) == 2
    assert set(Image.objects.values_list("idempotency_key", flat=True)) == {None}


def test_another_request_under_the_same_key_is_refused(capture):
    capture("a-1", exposure=5)
    response = capture("a-1", exposure=6)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert len(files()) == 1


def test_keys_belong_to_people(capture, api, make_user):
    grace = api(make_user("grace", "managers"))
    other = capture("a-1", grace, exposure=5)
    grace.delete("/api/v1/control")
    assert capture("a-1", exposure=5).json()["imageId"] != other.json()["imageId"]
    assert len(files()) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 201, "é", "a\tb", "\x7f"])
def test_an_invalid_key_is_refused(capture, key):
    response = capture(key, exposure=5)
    assert (response.status_code, response.json()["code"]) == (400, "bad_idempotency_key")
    assert files() == []


@pytest.mark.parametrize("key", ["a", "~!" * 100, "6f9b2a1e-0000-4000-8000-000000000000"])
def test_a_key_is_stored_in_file_and_row(capture, key):
    answer = capture(key, exposure=5).json()
    image = Image.objects.get(pk=answer["imageId"])
    assert image.idempotency_key == image.metadata["idempotencyKey"] == key


def test_a_request_that_failed_frees_its_key(capture, archive, tmp_path):
    archive.check()
    archive.root.rename(tmp_path / "drive")
    failed = capture("a-1", exposure=5)
    assert (failed.status_code, failed.json()["code"]) == (507, "storage_missing")
    (tmp_path / "drive").rename(archive.root)
    assert capture("a-2", exposure=1e9).status_code == 400
    assert capture("a-1", exposure=5).status_code == 201
    assert capture("a-2", exposure=6).status_code == 201
    assert len(files()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_picture_whose_row_is_still_to_come_is_not_taken_again(operator, camera, impatient_backfiller):
    camera.limits()
    asked = IdempotencyKey("a-1", "5e")
    taken = []

    def take():
        taken.append(1)
        return capture_image(by=operator, idempotency_key=asked.key, request_sha256=asked.request_sha256)

    def find_no_row(once: IdempotentCaptures):
        return once.capture(operator, asked, take)

    once = IdempotentCaptures(the_library().archive)
    once._is_looked_through = True
    first = once.capture(operator, asked, lambda: take_without_database(take))
    assert first.image is None
    with rows_refused():
        assert find_no_row(once).kept == first.kept
    wait_until(lambda: the_library().backfiller.pending_count == 0)
    later = find_no_row(once)
    assert (later.kept, later.image.is_adopted) == (first.kept, True)
    with pytest.raises(IdempotencyKeyReused):
        once.capture(operator, IdempotencyKey("a-1", "another"), take)
    assert len(taken) == len(files()) == 1


def take_without_database(take):
    with rows_refused():
        return take()


def test_killed_between_file_and_row_the_request_gets_that_image(capture):
    first = capture("a-1", exposure=5).json()
    Image.objects.all()._raw_delete(connection.alias)  # as if the row was never written
    restart()
    again = capture("a-1", exposure=5).json()
    assert (again["filename"], again["sha256"], again["databaseSaved"]) == (first["filename"], first["sha256"], True)
    assert len(files()) == Image.objects.count() == 1


def test_a_capture_whose_file_was_adopted_first_is_answered_the_same(capture, archive):
    first = capture("a-1", exposure=5).json()
    Image.objects.all()._raw_delete(connection.alias)
    assert adopt_unlisted(archive) == 1
    restart()
    assert capture("a-1", exposure=5).json()["sha256"] == first["sha256"]
    assert len(files()) == 1


class Program:
    """The program under a clock that the test sets. It sweeps like the server: at its start and after each full day."""

    def __init__(self) -> None:
        self.clock = SetClock(timezone.now())
        self.forgotten = 0
        self.start()

    def start(self) -> None:
        register_run_days(RunDays(self.clock))
        the_run_days().tick()
        self.forgotten += forget_old_keys()

    def run(self, hours: int) -> None:
        for _ in range(hours):
            self.clock.run(timedelta(hours=1))
            if the_run_days().tick():
                self.forgotten += forget_old_keys()

    def jump(self, days: float) -> None:
        """Set the clock while the program is off."""
        self.clock.jump(timedelta(days=days))
        self.start()


@pytest.fixture
def program() -> Program:
    return Program()


def has_key() -> bool:
    return Image.objects.filter(idempotency_key="a-1").exists()


def test_a_key_holds_for_a_day_at_least_and_not_for_ever(capture, program):
    capture("a-1", exposure=5)
    program.run(23)
    program.start()
    assert has_key()
    program.run(72)
    assert not has_key()


@pytest.mark.parametrize("jump_days", [2, 29, 400, -400, -20_000])
def test_a_clock_that_jumps_forgets_no_key(capture, program, jump_days):
    first = capture("a-1", exposure=5).json()
    for days in (jump_days, -jump_days, jump_days):
        program.jump(days)
        restart()
        assert capture("a-1", exposure=5).json() == first
    assert len(files()) == 1


def test_a_key_from_a_clock_that_was_ahead_is_not_kept_until_the_clock_comes_there(capture, program):
    capture("a-1", exposure=5)
    Image.objects.update(captured_at=program.clock.now() + timedelta(days=400))
    program.run(96)
    assert not has_key()
    assert capture("a-1", exposure=6).status_code == 201


@pytest.mark.parametrize("jump_days", [400, -400])
def test_killed_before_the_row_and_started_under_another_clock_the_request_gets_that_image(capture, program, jump_days):
    first = capture("a-1", exposure=5).json()
    Image.objects.all()._raw_delete(connection.alias)
    program.jump(jump_days)
    restart()
    again = capture("a-1", exposure=5).json()
    assert (again["filename"], len(files())) == (first["filename"], 1)


def test_folders_dated_ahead_do_not_hide_the_day_in_which_a_lost_row_is_looked_for(capture, archive, keep_original):
    for days in (398, 399, 400):
        keep_original(taken_at=timezone.now() + timedelta(days=days))
    first = capture("a-1", exposure=5).json()
    Image.objects.all()._raw_delete(connection.alias)
    restart()
    again = capture("a-1", exposure=5).json()
    assert (again["filename"], len(files())) == (first["filename"], 4)


def test_files_dated_ahead_are_listed_at_the_start(archive, keep_original):
    keep_original(taken_at=timezone.now() + timedelta(days=400))
    keep_original(taken_at=timezone.now())
    assert adopt_unlisted(archive) == Image.objects.count() == 2


def test_after_a_day_a_key_may_stand_for_something_else_and_old_files_do_not_mind(capture, archive, program):
    capture("a-1", exposure=5)
    program.run(72)
    assert program.forgotten == 1
    register_run_days(RunDays())
    assert capture("a-1", exposure=6).status_code == 201
    Image.objects.filter(idempotency_key=None)._raw_delete(connection.alias)
    assert adopt_unlisted(archive) == 1
    assert sorted(Image.objects.values_list("idempotency_key", flat=True), key=str) == [None, "a-1"]


def test_requests_under_one_key_take_turns(operator):
    """The second request comes during the first one, waits for it, and gets its picture."""
    once, begun, may_end = IdempotentCaptures(the_library().archive), threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        with once._turn((operator.pk, "a-1")):
            begun.set()
            may_end.wait(10)
            order.append("first")

    def second() -> None:
        with once._turn((operator.pk, "a-1")):
            order.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    wait_until(lambda: once._turns[(operator.pk, "a-1")][1] == 2)
    with once._turn((operator.pk, "another")):
        may_end.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first", "second"]
    assert once._turns == {}
