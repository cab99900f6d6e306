"""Everything else knows that an original which left the disk is rightly not here."""

import pytest

from images.edit.bin import bin_image, empty_bin, restore_image
from images.index.adoption import adopt_unlisted
from images.index.opening import open_original
from images.models import Image, Verification
from images.store.errors import StoreRefused
from images.tests.places import sidecar_path_of
from images.tests.spoiled import MISSING, age, found, run
from images.tests.spool.conftest import key, place_of


def is_here(archive, image: Image) -> bool:
    return archive.path_of(image.filename).exists()


def open_all(archive) -> None:
    for image in Image.objects.all():
        open_original(image, archive).close()


def test_verify_counts_them_as_in_the_store_and_names_what_the_store_has_lost(away, archive, images):
    age(archive)
    code, printed = run()
    assert code == 0 and "6 of them are in the store, not here" in printed
    Image.objects.filter(pk=images[0].pk).update(place="lost")
    Image.objects.filter(pk=images[1].pk).update(place="conflict")
    code, printed = run()
    assert code == MISSING and "The store has lost" in printed and "gives other bytes" in printed
    assert Verification.objects.first().in_store_count == 4 and len(found()) == 2


def test_a_start_and_a_rebuild_leave_their_rows_alone(away, archive):
    before = list(Image.objects.values())
    assert adopt_unlisted(archive) == 0
    assert list(Image.objects.values()) == before


def test_a_file_that_is_left_over_is_in_both_places_again_after_the_next_start(stored, archive, images):
    content = archive.path_of(images[0].filename).read_bytes()
    stored.evict_all()
    archive.path_of(images[0].filename).write_bytes(content)
    adopt_unlisted(archive)
    assert place_of(images[0]) == "both" and Image.objects.get(pk=images[0].pk).evicted_at is None


def test_a_file_of_its_name_with_other_bytes_is_neither_believed_nor_removed(stored, archive, images):
    content = bytearray(archive.path_of(images[0].filename).read_bytes())
    stored.evict_all()
    content[-10] ^= 1
    archive.path_of(images[0].filename).write_bytes(content)
    adopt_unlisted(archive)
    assert place_of(images[0]) == "store" and archive.path_of(images[0].filename).read_bytes() == content
    open_all(archive)


def test_what_the_store_has_lost_and_somebody_brings_back_is_sent_again(stored, liar, archive, images):
    content = archive.path_of(images[0].filename).read_bytes()
    stored.evict_all()
    del liar.objects[key(images[0])]
    Image.objects.filter(pk=images[0].pk).update(place="lost")
    archive.path_of(images[0].filename).write_bytes(content)
    adopt_unlisted(archive)
    assert place_of(images[0]) is None
    stored.go_on()
    assert liar.objects[key(images[0])] == content and place_of(images[0]) == "both"


def test_their_sidecars_stay_and_they_can_be_edited_binned_and_restored(away, archive, operator, api, images):
    age(archive)
    answer = api(operator).patch(f"/api/v1/images/{images[1].pk}", {"note": "said later"}, format="json")
    assert answer.status_code == 200 and sidecar_path_of(images[1].filename).exists()
    bin_image(images[1].pk, operator)
    restore_image(images[1].pk, operator)
    assert place_of(images[1]) == "store"
    age(archive)
    assert run()[0] == 0


def test_the_bin_is_emptied_and_the_store_keeps_what_it_has(
    away, liar, archive, operator, images, django_capture_on_commit_callbacks
):
    open_all(archive)
    bin_image(images[0].pk, operator)
    before = dict(liar.objects)
    liar.seen.clear()
    with django_capture_on_commit_callbacks(execute=True):
        empty_bin()
    assert not Image.objects.filter(pk=images[0].pk).exists()
    assert liar.objects == before and liar.seen == []
    assert images[0].sha256 not in {path.name for path in away.fetched._folder.iterdir()}


def test_in_its_whole_life_nothing_in_the_store_is_overwritten_or_deleted(
    stored, liar, archive, operator, images, django_capture_on_commit_callbacks
):
    puts = [said for said in liar.seen if said.startswith("PUT")]
    stored.evict_all()
    open_all(archive)
    bin_image(images[0].pk, operator)
    with django_capture_on_commit_callbacks(execute=True):
        empty_bin()
    stored.go_on()
    assert len(puts) == len(set(puts)) and [said for said in liar.seen if said.startswith("PUT")] == puts
    assert not any(said.startswith("DELETE") for said in liar.seen)


@pytest.mark.long
def test_an_account_that_may_delete_nothing_suffices_for_the_whole_life(
    careful, everything, careful_bucket, archive, operator, images, django_capture_on_commit_callbacks
):
    careful.evict_all()
    assert {place_of(image) for image in images} == {"store"}
    open_all(archive)
    bin_image(images[0].pk, operator)
    with django_capture_on_commit_callbacks(execute=True):
        empty_bin()
    careful.go_on()
    listed = everything.list_object_versions(Bucket=careful_bucket.name, Prefix="originals/")
    assert len(listed["Versions"]) == len(images) and "DeleteMarkers" not in listed
    with pytest.raises(StoreRefused):
        careful.store.connection.ask("delete_object", listed["Versions"][0]["Key"])
