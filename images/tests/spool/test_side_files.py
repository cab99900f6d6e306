"""What people change, and the files of jobs, come into the store too: as new objects, and none is overwritten."""

import json
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from images.archive.job_file import append_entries, job_file_of
from images.edit.edit import edit_image
from images.models import Image, Job
from images.spool.rows import changes_to_send
from images.spool.side_files import JOBS_EVERY_S, LEFT_OUT_FOR_S, SETTLED_AFTER
from images.store.client import Store
from images.store.keys import key_of_change, key_of_job
from images.tests.job_exports import make_ended_job
from images.tests.jobs import time_lapse
from images.tests.places import sidecar_path_of
from images.tests.spool.conftest import among_many_stored


@pytest.fixture
def sending(lying):
    lying.spool._side_files = lying.side_files
    return lying


def changes_in(liar, image: Image) -> dict[int, dict]:
    """Return what the store has of an image, by revision."""
    beginning = f"changes/{image.record_id}/"
    found = {key: body for key, body in liar.objects.items() if key.startswith(beginning)}
    return {int(key.removeprefix(beginning).removesuffix(".json")): json.loads(body) for key, body in found.items()}


def stored_revision(image: Image) -> int | None:
    return Image.objects.values_list("stored_revision", flat=True).get(pk=image.pk)


def test_a_change_comes_into_a_real_store_as_it_lies_beside_the_original(real, images, everything):
    real.spool._side_files = real.side_files
    real.go_on()
    key = key_of_change(images[0].record_id, 1)
    found = everything.get_object(Bucket=real.store.bucket.name, Key=key)["Body"].read()
    assert found == sidecar_path_of(images[0].filename).read_bytes()
    assert stored_revision(images[0]) == 1


def test_originals_go_first_and_what_was_never_changed_has_nothing_to_send(sending, liar, images):
    sending.go_on()
    keys = [key for key in liar.objects if not key.startswith("thumbs/")]
    assert all(key.startswith("originals/") for key in keys[:6]) and keys[6:] == [key_of_change(images[0].record_id, 1)]


def test_each_revision_is_an_object_of_its_own_and_the_earlier_ones_stay(sending, liar, operator, images):
    sending.go_on()
    first = dict(liar.objects)
    edit_image(images[0].pk, operator, note="second")
    sending.go_on()
    edit_image(images[0].pk, operator, note="third")
    edit_image(images[0].pk, operator, note="fourth")
    sending.go_on()
    found = changes_in(liar, images[0])
    assert {revision: said["values"]["note"] for revision, said in found.items()} == {
        1: "seen",
        2: "second",
        4: "fourth",
    }
    assert first.items() <= liar.objects.items() and stored_revision(images[0]) == 4


def test_after_a_kill_between_object_and_row_it_finds_its_own_bytes(sending, liar, images):
    sending.go_on()
    before = dict(liar.objects)
    Image.objects.update(stored_revision=None)
    sending.go_on()
    assert liar.objects == before and stored_revision(images[0]) == 1


class SlowStore:
    """A store in front of which something happens before the answer of a PUT comes back."""

    def __init__(self, store: Store, meanwhile: Callable[[], object]) -> None:
        self._store = store
        self._meanwhile = meanwhile

    def put_bytes(self, *said: object) -> None:
        self._store.put_bytes(*said)
        self._meanwhile()


def test_what_another_pc_saves_while_it_sends_stays_the_newest(sending, liar, images):
    image = images[0]

    def save_elsewhere() -> None:
        liar.objects[key_of_change(image.record_id, 2)] = b"{}"
        Image.objects.filter(pk=image.pk).update(revision=2, stored_revision=2)

    sending.side_files._store = SlowStore(sending.store, save_elsewhere)
    sending.go_on()
    assert set(changes_in(liar, image)) == {1, 2} and stored_revision(image) == 2
    assert not changes_to_send().exists()


@pytest.mark.parametrize("content", [b"not json", b"{}", b'{"recordId": "another", "revision": 1}', None])
def test_a_sidecar_that_is_damaged_or_gone_holds_up_no_other(sending, liar, clock, operator, images, content):
    edit_image(images[1].pk, operator, note="mine")
    path = sidecar_path_of(images[0].filename)
    right = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    sending.go_on()
    assert changes_in(liar, images[0]) == {} and set(changes_in(liar, images[1])) == {1}
    path.write_bytes(right)
    clock.run(timedelta(seconds=LEFT_OUT_FOR_S + 1))
    sending.go_on()
    assert set(changes_in(liar, images[0])) == {1}


def test_other_bytes_under_its_key_stay_and_what_stands_here_goes_under_the_next_number(
    sending, liar, operator, images
):
    edit_image(images[1].pk, operator, note="mine")
    liar.objects[key_of_change(images[0].record_id, 1)] = b"theirs"
    sending.go_on()
    assert liar.objects[key_of_change(images[0].record_id, 1)] == b"theirs"
    assert json.loads(liar.objects[key_of_change(images[0].record_id, 2)])["revision"] == 2
    assert stored_revision(images[0]) == 2 and stored_revision(images[1]) == 1


def test_if_the_store_is_away_it_waits_and_goes_on(sending, liar, clock, images):
    liar.lie = lambda handler: (
        handler.command == "PUT" and handler.key.startswith("changes/") and handler.refuse(503, "SlowDown")
    )
    sending.go_on()
    assert "busy" in sending.spool.state.problem and stored_revision(images[0]) is None
    liar.lie = lambda handler: False
    clock.run(timedelta(minutes=2))
    sending.go_on()
    assert stored_revision(images[0]) == 1 and not sending.spool.state.problem


def test_the_next_change_is_found_by_an_index(db):
    with among_many_stored():
        assert "images_change_not_stored" in changes_to_send()[:1].explain()


# The files of jobs


@pytest.fixture
def job(archive, operator) -> Job:
    job = make_ended_job(archive, operator, time_lapse(2), lambda slot: np.full((4, 6), slot, np.uint8))
    append_entries(archive, job_file_of(job.anchor_at, job.lasting_id), [{"schema": "microscope.job", "version": 1}])
    return job


def file_of(archive, job: Job) -> bytes:
    return archive.path_at(job_file_of(job.anchor_at, job.lasting_id)).read_bytes()


def parts_in(liar, job: Job) -> list[bytes]:
    found = []
    while (key := key_of_job(job.lasting_id, len(found))) in liar.objects:
        found.append(liar.objects[key])
    return found


def grow(archive, job: Job, *, by: int = 1) -> None:
    append_entries(archive, job_file_of(job.anchor_at, job.lasting_id), [{"event": "paused"}] * by)


def test_the_file_of_a_job_comes_in_parts_as_it_grows(sending, liar, clock, archive, job):
    sending.go_on()
    assert parts_in(liar, job) == [file_of(archive, job)]
    grow(archive, job)
    sending.go_on()
    assert len(parts_in(liar, job)) == 1, "not before its time"
    clock.run(timedelta(seconds=JOBS_EVERY_S + 1))
    sending.go_on()
    assert len(parts_in(liar, job)) == 2 and b"".join(parts_in(liar, job)) == file_of(archive, job)


def test_half_a_line_waits_until_it_is_whole(sending, liar, clock, archive, job):
    path = archive.path_at(job_file_of(job.anchor_at, job.lasting_id))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event": "pau')
    sending.go_on()
    assert parts_in(liar, job) == [whole]


def test_after_the_rows_are_made_again_it_goes_on_behind_the_parts_that_are_there(sending, liar, clock, archive, job):
    sending.go_on()
    grow(archive, job, by=3)
    Job.objects.update(stored_parts=None, stored_bytes=None)
    clock.run(timedelta(seconds=JOBS_EVERY_S + 1))
    sending.go_on()
    assert len(parts_in(liar, job)) == 2 and b"".join(parts_in(liar, job)) == file_of(archive, job)


def test_a_job_that_has_ended_is_asked_for_no_more(sending, liar, clock, archive, job):
    Job.objects.update(ended_at=clock.now())
    sending.go_on()
    assert Job.objects.get().is_file_stored is None
    clock.run(SETTLED_AFTER + timedelta(minutes=10))
    sending.go_on()
    assert Job.objects.get().is_file_stored is True


def test_a_file_that_is_missing_or_of_somebody_else_holds_up_no_other(sending, liar, archive, job, image):
    archive.path_at(job_file_of(job.anchor_at, job.lasting_id)).unlink()
    sending.go_on()
    assert parts_in(liar, job) == []
    assert Image.objects.exclude(place="both").count() == 0
