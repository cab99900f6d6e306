"""One key, one picture: whoever lost the answer asks again and gets it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from images.apps import the_library
from images.capture import capture_image
from images.errors import IdempotencyKeyReused
from images.idempotency import Asked, OnceOnly, forget_old_keys
from images.listing import adopt_unlisted, the_registrar
from images.models import Image
from images.tests.conftest import rows_refused, wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
CAPTURE = "/api/v1/camera/capture"


@pytest.fixture
def capture(api, operator):
    """capture("key", exposure=5) asks for an image, as an operator unless another client asks."""

    def ask(key: str, client: APIClient | None = None, **body):
        return (client or api(operator)).post(CAPTURE, body, format="json", HTTP_IDEMPOTENCY_KEY=key)

    return ask


def files() -> list[str]:
    return sorted(path.name for path in the_library().archive.root.rglob("capture_*"))


def restart() -> None:
    """What the process remembered is gone."""
    the_library().once_only = OnceOnly()


def test_a_request_that_is_repeated_gets_the_first_ones_answer(capture):
    first, second = capture("a-1", exposure=5, note="x"), capture("a-1", note="x", exposure=5)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(files()) == Image.objects.count() == 1


def test_also_across_a_restart(capture):
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
    other = capture("a-1", api(make_user("grace", "managers")), exposure=5)
    assert capture("a-1", exposure=5).json()["imageId"] != other.json()["imageId"]
    assert len(files()) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 201, "é", "a\tb", "\x7f"])
def test_what_is_no_key_is_refused(capture, key):
    response = capture(key, exposure=5)
    assert (response.status_code, response.json()["code"]) == (400, "bad_idempotency_key")
    assert files() == []


@pytest.mark.parametrize("key", ["a", "~!" * 100, "6f9b2a1e-0000-4000-8000-000000000000"])
def test_what_is_one_stands_in_the_file_and_in_the_row(capture, key):
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
def test_a_picture_whose_row_is_still_to_come_is_not_taken_again(operator, camera, impatient_registrar):
    camera.limits()
    asked = Asked("a-1", "5e")
    taken = []

    def take():
        taken.append(1)
        return capture_image(by=operator, idempotency_key=asked.key, request_sha256=asked.request_sha256)

    def find_no_row(once: OnceOnly):
        return once.capture(operator, asked, take)

    once = OnceOnly()
    once._is_looked_through = True
    first = once.capture(operator, asked, lambda: take_without_database(take))
    assert first.image is None
    with rows_refused():
        assert find_no_row(once).kept == first.kept
    wait_until(lambda: the_registrar().pending_count == 0)
    later = find_no_row(once)
    assert (later.kept, later.image.is_adopted) == (first.kept, True)
    with pytest.raises(IdempotencyKeyReused):
        once.capture(operator, Asked("a-1", "another"), take)
    assert len(taken) == len(files()) == 1


def take_without_database(take):
    with rows_refused():
        return take()


def test_killed_between_file_and_row_the_request_gets_that_image(capture):
    first = capture("a-1", exposure=5).json()
    Image.objects.all()._raw_delete(connection.alias)  # as if the row had never been written
    restart()
    again = capture("a-1", exposure=5).json()
    assert (again["filename"], again["sha256"], again["databaseSaved"]) == (first["filename"], first["sha256"], True)
    assert len(files()) == Image.objects.count() == 1


def test_an_adopter_that_was_faster_changes_nothing(capture, archive):
    first = capture("a-1", exposure=5).json()
    Image.objects.all()._raw_delete(connection.alias)
    assert adopt_unlisted(archive) == 1
    restart()
    assert capture("a-1", exposure=5).json()["sha256"] == first["sha256"]
    assert len(files()) == 1


def test_after_a_day_a_key_may_stand_for_something_else_and_old_files_do_not_mind(capture, archive):
    capture("a-1", exposure=5)
    Image.objects.update(captured_at=timezone.now() - timedelta(hours=23))
    assert forget_old_keys() == 0
    Image.objects.update(captured_at=timezone.now() - timedelta(hours=25))
    assert forget_old_keys() == 1
    assert capture("a-1", exposure=6).status_code == 201
    Image.objects.filter(idempotency_key=None)._raw_delete(connection.alias)
    assert adopt_unlisted(archive) == 1
    assert sorted(Image.objects.values_list("idempotency_key", flat=True), key=str) == [None, "a-1"]


def test_requests_under_one_key_take_turns(operator):
    """The second comes while the first is in progress, and finds what it made."""
    once, begun, may_end = OnceOnly(), threading.Event(), threading.Event()
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
