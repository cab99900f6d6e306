"""An original leaves this disk only if the store holds it, proved, and the settings say so. Nothing is lost by it."""

from datetime import timedelta

import pytest

from images.edit.bin import bin_image, empty_bin, restore_image
from images.errors import StorageNotWritable
from images.index.adoption import adopt_unlisted
from images.index.opening import open_original
from images.models import MAY_LEAVE, Image, Verification
from images.run_days import Doubt, RunDays, register_run_days
from images.spool.make import explain_doubt
from images.spool.spool import register_spool, the_spool
from images.spool.upload import key_of
from images.store.errors import StoreRefused
from images.store.findings import ProbeResult
from images.store.watch import StoreWatch, register_store_watch
from images.tests.places import sidecar_path_of
from images.tests.spoiled import MISSING, age, found, run
from images.tests.spool.conftest import INSTRUMENT, place_of
from images.tests.spool.test_spool import without_plain_scans
from microscope.models import AuditEntry

EVICT = "/api/v1/storage/evict"


def key(image: Image) -> str:
    return key_of(image, INSTRUMENT)


def places() -> set[str | None]:
    return set(Image.objects.values_list("place", flat=True))


def is_here(archive, image: Image) -> bool:
    return archive.path_of(image.filename).exists()


def open_all(archive) -> None:
    for image in Image.objects.all():
        open_original(image, archive).close()


@pytest.fixture
def stored(lying, images):
    """All are in both places, and were read back."""
    lying.store_and_look_again()
    return lying


@pytest.fixture
def away(stored):
    stored.evict_all()
    return stored


# What may leave


def test_what_was_read_back_leaves_a_full_disk_and_stays_readable_from_a_real_store(real, archive, images):
    real.store_and_look_again()
    real.spool.evictor = real.evictor
    real.clock.run(timedelta(minutes=2))
    real.go_on()
    assert places() == {"store"} and not any(is_here(archive, image) for image in images)
    open_all(archive)
    assert Image.objects.filter(evicted_at=None).count() == 0


def test_what_was_never_read_back_stays(lying, images):
    lying.go_on()
    assert lying.evictor.make_room() == 0
    assert places() == {"both"}


def test_what_is_younger_than_the_days_stays(stored, clock, images):
    Image.objects.filter(pk=images[0].pk).update(captured_at=clock.now() - timedelta(days=29))
    assert stored.evictor.make_room() == len(images) - 1
    assert place_of(images[0]) == "both"


def test_while_the_disk_has_room_all_stay(stored):
    stored.evictor._below_bytes = 1
    assert stored.evictor.make_room() == 0


def test_without_the_days_all_stay_for_ever(stored):
    stored.evictor._keep_days = None
    assert stored.evictor.make_room() == 0


def test_while_the_store_is_in_doubt_all_stay(stored):
    stored.doubt = "It overwrites, although it is asked not to."
    assert stored.evictor.make_room() == 0
    assert places() == {"both"}


def test_what_is_in_the_bin_stays_and_leaves_with_the_bin(stored, operator, archive, images):
    bin_image(images[0].pk, operator)
    stored.evict_all()
    assert place_of(images[0]) == "both" and is_here(archive, images[0])


def test_a_burst_is_not_disturbed(stored):
    stored.spool.evictor, stored.is_held_back = stored.evictor, True
    stored.go_on()
    assert places() == {"both"}


def test_the_store_is_asked_again_just_before_and_what_it_has_lost_is_sent_again(stored, liar, archive, images):
    del liar.objects[key(images[0])]
    stored.evict_all()
    assert is_here(archive, images[0]) and place_of(images[0]) is None
    stored.go_on()
    assert liar.objects[key(images[0])] == archive.path_of(images[0].filename).read_bytes()


def test_if_the_store_says_something_else_than_before_it_stays_and_is_read_again(stored, liar, archive, images):
    liar.objects[key(images[0])] = b"other bytes"
    stored.evict_all()
    assert is_here(archive, images[0]) and Image.objects.get(pk=images[0].pk).verified_at is None
    stored.go_on()
    assert place_of(images[0]) == "conflict" and is_here(archive, images[0])


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"changed"), lambda path: path.unlink()])
def test_a_file_that_is_changed_or_missing_here_is_not_touched(stored, archive, images, spoil):
    path = archive.path_of(images[0].filename)
    spoil(path)
    stored.evict_all()
    assert place_of(images[0]) == "both"
    assert not path.exists() or path.read_bytes() == b"changed"
    assert [place_of(image) for image in images[1:]] == ["store"] * 5


def test_a_file_that_cannot_be_removed_is_in_both_places_again(stored, archive, images, monkeypatch):
    remove = archive.remove

    def refuse(filename: str) -> None:
        if filename == images[0].filename:
            raise StorageNotWritable("It is open elsewhere.")
        remove(filename)

    monkeypatch.setattr(archive, "remove", refuse)
    stored.evict_all()
    assert place_of(images[0]) == "both" and is_here(archive, images[0])


def test_if_the_store_is_away_nothing_leaves_and_it_is_tried_again_later(stored, liar, clock):
    stored.spool.evictor = stored.evictor
    liar.fail("HEAD", 503, "SlowDown")
    stored.go_on()
    assert places() == {"both"}
    liar.lie = lambda handler: False
    stored.go_on()
    assert places() == {"both"}, "not before its time"
    clock.run(timedelta(minutes=2))
    stored.go_on()
    assert places() == {"store"}


def test_one_entry_of_the_audit_log_tells_of_each_batch(away, images):
    (entry,) = AuditEntry.objects.filter(what="evicted")
    assert entry.details["count"] == len(images) and sorted(entry.details["images"]) == [one.pk for one in images]
    assert entry.details["sizeBytes"] == sum(image.file_size for image in images)


def test_the_next_is_found_by_an_index_of_those_that_may_leave(db):
    with without_plain_scans():
        assert "images_may_leave" in Image.objects.of_this_pc().filter(MAY_LEAVE).oldest_first()[:1].explain()


def test_the_store_is_in_doubt_until_a_probe_has_passed_and_while_the_clock_is(lying, db):
    watch = StoreWatch(lying.store)
    register_store_watch(watch)
    try:
        assert "not been tried out" in explain_doubt()
        told = {"gives_back": True, "tells_facts": True, "refuses_to_overwrite": True}
        watch.latest = ProbeResult(lying.clock.now(), 0.1, **told)
        assert "takes bytes that changed" in explain_doubt()
        watch.latest = ProbeResult(lying.clock.now(), 0.1, checks=("MD5",), **told)
        assert explain_doubt() == ""
        register_run_days(DoubtfulDays(Doubt(lying.clock.now(), lying.clock.now())))
        assert "clock" in explain_doubt()
    finally:
        register_store_watch(None)


class DoubtfulDays(RunDays):
    def __init__(self, doubt: Doubt) -> None:
        super().__init__()
        self._doubt = doubt

    @property
    def doubt(self) -> Doubt:
        return self._doubt


# By hand


@pytest.fixture
def at_hand(stored):
    before = the_spool()
    stored.spool.evictor = stored.evictor
    register_spool(stored.spool)
    yield stored
    register_spool(before)


@pytest.fixture
def manager(make_user):
    return make_user("mara", "managers")


def test_a_manager_counts_first_and_then_lets_them_leave_though_the_disk_has_room(at_hand, api, manager, images):
    at_hand.evictor._below_bytes = 0
    counted = api(manager).post(EVICT, {"olderThanDays": 30, "dryRun": True}, format="json").json()
    size_bytes = sum(image.file_size for image in images)
    assert counted == {"dryRun": True, "count": 6, "sizeBytes": size_bytes, "left": 0}
    assert places() == {"both"}
    done = api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()
    assert done == {"dryRun": False, "count": 6, "sizeBytes": size_bytes, "left": 0}
    assert places() == {"store"}
    assert AuditEntry.objects.get(what="evicted").who == "mara"


def test_a_manager_is_bound_by_the_same_rules(at_hand, api, manager):
    answer = api(manager).post(EVICT, {"olderThanDays": 29}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "eviction_refused")
    at_hand.doubt = "It overwrites."
    assert "It overwrites." in api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()["message"]
    at_hand.evictor._keep_days = None
    assert "for ever" in api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()["message"]
    register_spool(None)
    assert "no object store" in api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()["message"]
    assert places() == {"both"}


@pytest.mark.parametrize("asked", [{}, {"olderThanDays": 0}, {"olderThanDays": "x"}, {"olderThanDays": 40, "days": 1}])
def test_nonsense_evicts_nothing(at_hand, api, manager, asked):
    assert api(manager).post(EVICT, asked, format="json").status_code == 400
    assert places() == {"both"}


def test_an_operator_may_not(at_hand, api, operator):
    assert api(operator).post(EVICT, {"olderThanDays": 30}, format="json").status_code == 403


# Everything else knows that they are rightly not here


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
