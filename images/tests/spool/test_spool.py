"""What waits on this PC comes into the store, whole and once, whatever happens on the way. Nothing is overwritten."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError

from images.archive.paced_reader import StopRequested
from images.edit.bin import bin_image
from images.errors import DATABASE_AWAY
from images.index.adoption import adopt_unlisted
from images.library import the_library
from images.models import Image
from images.spool.spool import LEFT_OUT_FOR_S
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.client import Store
from images.store.keys import key_of_thumbnail
from images.store.patience import Patience
from images.tests.spool.conftest import DAY_LATER, INSTRUMENT, InThisThread, key, place_of
from images.tests.store.lying_store import Handler


def original(archive, image: Image) -> bytes:
    return archive.path_of(image.filename).read_bytes()


def test_what_waits_comes_into_a_real_store_with_its_thumbnail_first(real, archive, images, everything):
    the_library().thumbnails.open(images[0]).close()  # as when a page shows it
    real.go_on()
    bucket = real.store.bucket.name
    for image in images:
        found = everything.get_object(Bucket=bucket, Key=key(image))
        assert found["Body"].read() == original(archive, image)
        assert found["Metadata"]["sha256"] == image.sha256
    listed = everything.list_objects_v2(Bucket=bucket)["Contents"]
    assert {one["Key"] for one in listed} == {*map(key, images), key_of_thumbnail(images[0].record_id)}
    assert [place_of(image) for image in images] == ["both"] * len(images)
    assert real.spool.state.waiting.count == len(images) and not real.spool.state.problem


def test_the_newest_comes_first(lying, liar, images):
    lying.spool.step()
    assert next(name for name in liar.seen if name.startswith("PUT originals/")) == f"PUT {key(images[-1])}"


def test_a_file_that_changed_is_not_sent_by_a_store_that_needs_no_md5(lying, liar, archive, images):
    lying.store.sends_md5 = False
    path = archive.path_of(images[2].filename)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    lying.go_on()
    assert key(images[2]) not in liar.objects and place_of(images[2]) is None
    assert {place_of(image) for image in images if image != images[2]} == {"both"}


def test_a_second_look_reads_a_real_object_back_after_a_day_and_not_before(real, clock, image):
    real.go_on()
    assert Image.objects.get().verified_at is None
    clock.run(timedelta(hours=23))
    real.go_on()
    assert Image.objects.get().verified_at is None
    clock.run(timedelta(hours=2))
    real.go_on()
    assert Image.objects.get().verified_at == clock.now()


def test_what_the_store_has_lost_is_sent_again(real, clock, image, everything):
    real.go_on()
    everything.delete_object(Bucket=real.store.bucket.name, Key=key(image))
    clock.run(DAY_LATER)
    real.go_on()
    assert everything.head_object(Bucket=real.store.bucket.name, Key=key(image))
    assert place_of(image) == "both"


def test_other_bytes_in_the_store_are_a_conflict_and_stay(real, clock, archive, image, everything):
    real.go_on()
    everything.put_object(Bucket=real.store.bucket.name, Key=key(image), Body=b"not it")
    clock.run(DAY_LATER)
    real.go_on()
    assert everything.get_object(Bucket=real.store.bucket.name, Key=key(image))["Body"].read() == b"not it"
    assert place_of(image) == "conflict" and hashlib.sha256(original(archive, image)).hexdigest() == image.sha256


def test_an_object_of_somebody_else_under_our_key_is_a_conflict_and_stays(real, archive, images, everything):
    everything.put_object(Bucket=real.store.bucket.name, Key=key(images[2]), Body=b"theirs")
    real.go_on()
    assert everything.get_object(Bucket=real.store.bucket.name, Key=key(images[2]))["Body"].read() == b"theirs"
    assert [place_of(image) for image in images] == ["both", "both", "conflict", "both", "both", "both"]
    assert original(archive, images[2])


def keep_and_say_nothing(handler: Handler) -> bool:
    if handler.command != "PUT":
        return False
    handler.store.objects[handler.key] = handler.read_body()
    return handler.cut()


@pytest.mark.parametrize("is_answered", [False, True])
def test_if_the_store_has_it_and_the_row_does_not_know_it_finds_its_own_bytes(lying, liar, image, is_answered):
    """As after a kill between the two, or after an answer that got lost."""
    if is_answered:
        lying.spool._uploader.upload(image, threading.Event())
    else:
        liar.lie = keep_and_say_nothing
        assert lying.spool.step() > 0
        liar.lie = lambda handler: False
    assert place_of(image) is None and list(liar.objects) == [key(image)]
    lying.go_on()
    assert place_of(image) == "both" and list(liar.objects) == [key(image)]


def test_after_a_rebuild_the_rows_learn_again_what_is_in_the_store(lying, liar, archive, images):
    lying.go_on()
    before = dict(liar.objects)
    Image.objects.all()._raw_delete("default")
    assert adopt_unlisted(archive) == len(images)
    lying.go_on()
    assert set(Image.objects.values_list("place", flat=True)) == {"both"} and liar.objects == before


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"changed")])
def test_a_file_that_is_missing_or_changed_is_left_out_and_the_others_go(lying, liar, clock, archive, images, spoil):
    path = archive.path_of(images[3].filename)
    before = path.read_bytes()
    spoil(path)
    lying.go_on()
    assert [place_of(image) for image in images] == ["both", "both", "both", None, "both", "both"]
    assert key(images[3]) not in liar.objects and lying.spool.state.left_out == 1
    path.write_bytes(before)  # from a backup
    clock.run(timedelta(seconds=LEFT_OUT_FOR_S + 1))
    lying.go_on()
    assert place_of(images[3]) == "both" and lying.spool.state.left_out == 0


@pytest.mark.parametrize(
    "spoiled",
    [{"image_format": "bmp"}, {"filename": "capture_20259999_103045_123.jpg"}, {"filename": "my cells.jpg"}],
)
def test_a_row_that_names_no_file_of_this_program_is_left_out_and_the_others_go(lying, images, spoiled):
    Image.objects.filter(pk=images[3].pk).update(**spoiled)
    lying.go_on()
    assert [place_of(image) for image in images] == ["both", "both", "both", None, "both", "both"]
    assert lying.spool.state.left_out == 1


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(503, "SlowDown", "busy"), (403, "AccessDenied", "may not"), (507, "QuotaExceeded", "full")],
)
def test_if_the_store_refuses_it_waits_longer_each_time_says_why_and_goes_on(lying, liar, image, status, code, said):
    liar.fail("PUT", status, code)
    waits_s = [wait_s for _ in range(24) if (wait_s := lying.spool.step())]
    assert waits_s == sorted(waits_s) and waits_s[0] >= 1 and waits_s[-1] == 300
    state = lying.spool.state
    assert said in state.problem and state.todo and state.since and place_of(image) is None
    liar.lie = lambda handler: False
    lying.go_on()
    assert place_of(image) == "both" and lying.spool.state.problem == ""
    assert lying.spool.state.last_stored_at


def test_an_original_that_the_store_refuses_holds_up_no_other(lying, liar, images):
    refused = key(images[4])
    liar.lie = lambda handler: (
        (handler.command, handler.key) == ("PUT", refused) and handler.refuse(413, "EntityTooLarge")
    )
    for _ in range(20):
        lying.spool.step()
    assert [place_of(image) for image in images] == ["both", "both", "both", "both", None, "both"]
    assert "larger than the store takes" in lying.spool.state.problem
    liar.lie = lambda handler: False
    for _ in range(3):
        lying.spool.step()
    assert place_of(images[4]) == "both" and not lying.spool.state.problem


def test_a_store_that_hangs_is_given_up_and_asked_again(archive, lying, lying_bucket, liar, image):
    lying.spool._uploader._store = Store(lying_bucket, Patience(connect_s=60, answer_s=0.5, call_s=60))
    liar.lie = Handler.hang
    assert lying.spool.step() == 1
    assert "no answer" in lying.spool.state.problem


def test_if_the_drive_of_the_images_is_away_all_wait(lying, archive, images):
    archive.root.rename(archive.root.with_name("away"))
    assert lying.spool.step() >= 1
    assert lying.spool.state.problem and lying.spool.state.left_out == 0


def test_an_image_in_the_bin_goes_too_and_one_that_is_removed_meanwhile_is_no_fault(lying, liar, operator, images):
    bin_image(images[0].pk, operator)
    upload = lying.spool._uploader.upload

    def remove_and_upload(image: Image, stop: threading.Event) -> str:
        key = upload(image, stop)
        Image.objects.filter(pk=images[5].pk).delete()
        return key

    lying.spool._uploader.upload = remove_and_upload
    lying.spool._sending._senders = InThisThread()  # which sees the rows of the test
    lying.go_on()
    assert place_of(images[0]) == "both"
    assert not Image.objects.filter(pk=images[5].pk).exists()


def test_the_thread_goes_on_by_itself_through_a_database_that_is_away_and_ends_soon(lying, liar, monkeypatch):
    answers = iter([OperationalError("away"), 60.0])
    asked = threading.Event()

    def step() -> float:
        answer = next(answers)
        if isinstance(answer, DATABASE_AWAY):
            raise answer
        asked.set()
        return answer

    lying.spool.step = step
    lying.spool.begin()
    assert asked.wait(60)
    lying.spool.end()
    assert not lying.spool._thread.is_alive()


def test_it_ends_in_the_middle_of_an_upload(lying, liar, archive, keep_image):
    image = keep_image()
    uploader = Uploader(lying.store, archive, the_library().thumbnails, lambda: INSTRUMENT, Pace(bytes_per_s=100))
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(StopRequested):
        uploader.upload(image, stop)
    assert place_of(image) is None
