"""An original leaves this disk only if the store holds it, proved, and the settings say so. Nothing is lost by it."""

from datetime import timedelta

import pytest

from images.edit.bin import bin_image
from images.errors import StorageNotWritable
from images.index.opening import open_original
from images.models import MAY_LEAVE, Image
from images.run_days import Doubt, RunDays, register_run_days
from images.spool.make import explain_doubt
from images.store.findings import ProbeResult
from images.store.watch import StoreWatch, register_store_watch
from images.tests.spool.conftest import among_many_stored, key, place_of, places
from microscope.models import AuditEntry


def is_here(archive, image: Image) -> bool:
    return archive.path_of(image.filename).exists()


def open_all(archive) -> None:
    for image in Image.objects.all():
        open_original(image, archive).close()


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
    with among_many_stored():
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
