"""What is wrong with an original in the store is told. No byte is used unproved."""

import pytest

from images.errors import OriginalChangedInStore
from images.export.convert import read_pixels
from images.index import fetched
from images.index.opening import open_original
from images.models import Image
from images.store.client import Store
from images.store.patience import Patience
from images.tests.job_exports import content_of
from images.tests.spool.conftest import file_of, key, place_of, spoil_object
from images.tests.store.lying_store import Handler


def test_what_the_store_has_lost_is_named(away, liar, client, images):
    del liar.objects[key(images[0])]
    answer = client.get(file_of(images[0]))
    assert (answer.status_code, answer.json()["code"]) == (404, "original_lost")
    assert "The store has lost" in answer.json()["message"]
    assert place_of(images[0]) == "lost"


def test_other_bytes_are_never_served_and_become_a_conflict(away, liar, client, images):
    spoil_object(liar, images[0])
    for address in (file_of(images[0]), file_of(images[0]) + "?as=png"):
        answer = client.get(address, headers={"range": "bytes=0-3"})
        assert (answer.status_code, answer.json()["code"]) == (409, "original_changed_in_store")
    assert place_of(images[0]) == "conflict"
    assert list(away.fetched._folder.iterdir()) == []


def test_an_object_that_is_far_too_large_does_not_fill_the_disk(away, liar, client, images):
    liar.objects[key(images[0])] = bytes(30_000_000)
    assert client.get(file_of(images[0])).status_code == 409
    assert list(away.fetched._folder.iterdir()) == []


@pytest.mark.parametrize("found", ["lost", "conflict"])
def test_if_the_store_has_the_right_bytes_again_it_is_served_again(away, liar, client, images, was, found):
    if found == "lost":
        del liar.objects[key(images[0])]
    else:
        spoil_object(liar, images[0])
    client.get(file_of(images[0]))
    assert place_of(images[0]) == found
    liar.objects[key(images[0])] = was[images[0].pk]
    assert content_of(client.get(file_of(images[0]))) == was[images[0].pk]
    assert place_of(images[0]) == "store"


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (403, "AccessDenied")])
def test_if_the_store_is_away_the_answer_says_so_and_nothing_is_given_up(away, liar, client, images, status, code):
    liar.fail("GET", status, code)
    answer = client.get(file_of(images[0]))
    assert (answer.status_code, answer.json()["code"]) == (503, "original_away")
    assert images[0].filename in answer.json()["message"] and answer.headers["Retry-After"]
    assert place_of(images[0]) == "store"


def test_a_store_that_hangs_or_breaks_off_is_given_up_in_time(away, liar, lying_bucket, client, images):
    away.fetched.store = Store(lying_bucket, Patience(connect_s=60, answer_s=0.5, call_s=60))
    liar.lie = Handler.hang
    assert client.get(file_of(images[0])).status_code == 503
    liar.lie = lambda handler: handler.command == "GET" and handler.cut()
    assert client.get(file_of(images[0])).status_code == 503
    assert place_of(images[0]) == "store" and list(away.fetched._folder.iterdir()) == []


def test_without_the_settings_of_the_store_the_answer_says_what_to_do(away, archive, client, images):
    archive.elsewhere = None
    answer = client.get(file_of(images[0]))
    assert answer.status_code == 503 and "set S3_BUCKET" in answer.json()["message"]


def test_a_fetched_copy_that_is_spoiled_on_this_disk_is_fetched_again(away, archive, images, was):
    open_original(images_now(images[0]), archive).close()
    (kept,) = away.fetched._folder.iterdir()
    kept.write_bytes(b"spoiled")
    with open_original(images_now(images[0]), archive) as original:
        assert original.file.read() == was[images[0].pk]
    assert place_of(images[0]) == "store"


def images_now(image: Image) -> Image:
    return Image.objects.get(pk=image.pk)


def test_an_original_that_left_since_its_row_was_read_is_fetched(lying, archive, images, was):
    lying.store_and_look_again()
    before = images_now(images[0])
    while lying.evictor.make_room():
        pass
    with open_original(before, archive) as original:
        assert original.file.read() == was[before.pk]


def test_the_copies_are_bounded(away, archive, images):
    sizes = [image.file_size for image in images]
    away.fetched._max_kept_bytes = sum(sizes[:2]) + 1
    for image in images:
        open_original(images_now(image), archive).close()
    kept = {path.name for path in away.fetched._folder.iterdir()}
    assert images[-1].sha256 in kept and len(kept) <= 2
    away.fetched.clear()
    assert list(away.fetched._folder.iterdir()) == []


def test_too_many_at_once_are_told_to_come_again(away, archive, client, images, monkeypatch):
    monkeypatch.setattr(fetched, "WAIT_S", 0.01)
    with away.fetched.turn(images[0].sha256):
        assert client.get(file_of(images[0])).status_code == 503


def test_no_pixel_is_read_from_other_bytes(away, liar, images):
    spoil_object(liar, images[0])
    with pytest.raises(OriginalChangedInStore):
        read_pixels(images_now(images[0]))
