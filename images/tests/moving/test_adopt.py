"""The disk of a dead PC: all its pictures come into the store, and what is damaged is named."""

import hashlib
from uuid import UUID, uuid4

import pytest

from images.archive.archive import Archive
from images.archive.job_file import job_file_of
from images.archive.names import Location
from images.archive.paced_reader import StopRequested
from images.archive.sidecar import sidecar_of
from images.edit.edit import edit_image
from images.models import Image, Instrument
from images.moving.disk import DamagedDiskArchive, find_images_folder, read_dead_id
from images.moving.errors import NotADataFolder
from images.moving.retire import retire
from images.spool.upload import key_of
from images.store.client import Store
from images.store.errors import StoreBusy
from images.tests.frames import TAKEN_AT
from images.tests.moving.conftest import HERE
from images.tests.store.conftest import bucket, everything, gateway  # noqa: F401

pytestmark = pytest.mark.django_db


def sums_in(liar) -> set[str]:
    originals = (content for key, content in liar.objects.items() if key.startswith("originals/"))
    return {hashlib.sha256(content).hexdigest() for content in originals}


def test_all_originals_get_a_row_and_come_into_the_store(dead_disk, adopt, liar):
    adopted, reported, _ = adopt()
    assert sums_in(liar) == {kept.sha256 for kept in dead_disk}
    assert (adopted.sent, adopted.verified, adopted.failed, reported) == (4, 4, {}, [])
    rows = Image.objects.all()
    assert {row.instrument_id for row in rows} == {HERE} and {row.user.username for row in rows} == {"ada"}
    assert all(row.place == "both" and row.verified_at and row.store_key == key_of(row, HERE) for row in rows)


def test_done_twice_nothing_is_sent_twice(dead_disk, adopt, liar):
    adopt()
    liar.seen.clear()
    adopted, _, _ = adopt()
    assert (adopted.sent, adopted.verified) == (0, 0)
    assert not [seen for seen in liar.seen if seen.startswith("PUT")]


def test_what_was_changed_comes_too(dead_disk, archive, adopt, liar, operator):
    adopt()
    image = Image.objects.first()
    edit_image(image.pk, operator, note="last words")
    # The row never learnt of it.
    Image.objects.filter(pk=image.pk).update(note="", revision=None)
    adopt()
    image.refresh_from_db()
    assert (image.note, image.revision, image.stored_revision) == ("last words", 1, 1)
    assert b"last words" in liar.objects[f"changes/{image.record_id}/000001.json"]


def test_what_is_damaged_is_named_and_the_rest_comes(dead_disk, archive, adopt, liar):
    archive.path_at(dead_disk[1].location).write_bytes(b"x" * 100)
    adopted, reported, _ = adopt()
    assert len(sums_in(liar)) == 3 and adopted.sent == 3
    assert len(reported) == 1 and dead_disk[1].filename in reported[0]


def test_a_listed_original_that_is_gone_or_changed_is_named_and_the_rest_comes(dead_disk, archive, adopt, liar):
    store_objects = liar.objects
    adopt()
    store_objects.clear()
    Image.objects.all().forget_store()
    gone, changed = dead_disk[0], dead_disk[2]
    archive.path_at(gone.location).unlink()
    content = archive.path_at(changed.location).read_bytes()
    archive.path_at(changed.location).write_bytes(content[:-1] + b"?")
    adopted, _, _ = adopt()
    assert set(adopted.failed) == {gone.filename, changed.filename}
    assert sums_in(liar) == {dead_disk[1].sha256, dead_disk[3].sha256}


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_comes(dead_disk, archive, adopt, monkeypatch, liar):
    bad = dead_disk[0].location.folder
    expected = {kept.sha256 for kept in dead_disk if kept.location.folder != bad}

    def fail(self, day):
        if day == bad:
            raise OSError(5, "Input/output error")
        return names_of(self, day)

    names_of = Archive.names_of
    monkeypatch.setattr(Archive, "names_of", fail)
    _, reported, disk = adopt()
    assert sums_in(liar) == expected and expected
    assert disk.unreadable_days == [bad] and [line for line in reported if bad in line and "cannot be read" in line]


class BadSectors(DamagedDiskArchive):
    def has(self, location):
        return super().has(Location(location.folder, "x" * 5000))


class ReadOnly(DamagedDiskArchive):
    def _has_also_name(self, path, second):
        raise OSError(30, "Read-only file system")


def test_side_files_that_cannot_be_read_are_named_and_the_originals_come(dead_disk, archive, adopt, liar):
    job_file = job_file_of(TAKEN_AT, uuid4())
    # A folder of that name cannot be read as a file either.
    archive.path_at(job_file).mkdir()
    archive.path_at(sidecar_of(archive, dead_disk[1].location)).mkdir()
    adopted, reported, _ = adopt(kind=BadSectors)
    assert adopted.sent == 4 and len(sums_in(liar)) == 4
    assert [line for line in reported if job_file.name in line]
    assert [line for line in reported if line.startswith(f"What was changed of {dead_disk[1].filename} cannot")]
    assert [line for line in reported if "cannot be looked for" in line]


def test_on_a_disk_that_cannot_be_written_a_picture_whose_name_is_taken_is_named(dead_disk, adopt, cheap_images, liar):
    taken = cheap_images([TAKEN_AT])[0]
    Image.objects.filter(pk=taken.pk).update(filename=dead_disk[0].filename, instrument=HERE, place="lost")
    adopted, reported, _ = adopt(kind=ReadOnly)
    assert adopted.sent == 3 and len(sums_in(liar)) == 3
    assert len(reported) == 1 and "has the name of another picture" in reported[0]


@pytest.mark.long
def test_on_a_real_store(dead_disk, adopt, bucket, everything):  # noqa: F811
    real = Store(bucket)
    adopted, reported, _ = adopt(store=real)
    assert (adopted.sent, adopted.verified, reported) == (4, 4, [])
    for image in Image.objects.all():
        found = everything.get_object(Bucket=bucket.name, Key=image.store_key)["Body"].read()
        assert hashlib.sha256(found).hexdigest() == image.sha256
    assert retire(real, HERE).in_store == 4


def test_a_store_that_is_busy_for_a_while_is_waited_for(dead_disk, adopt, liar):
    liar.fails_left = 3

    def busy(handler):
        if handler.command == "PUT" and liar.fails_left:
            liar.fails_left -= 1
            return handler.refuse(503, "SlowDown")
        return False

    liar.lie = busy
    adopted, _, _ = adopt()
    assert adopted.sent == 4 and len(sums_in(liar)) == 4


def test_a_store_that_stays_away_is_told_and_nothing_is_lost(dead_disk, adopt, liar):
    liar.lie = lambda handler: handler.command == "PUT" and handler.refuse(503, "SlowDown")
    with pytest.raises(StoreBusy):
        adopt()
    assert Image.objects.filter(place=None).count() == 4
    liar.lie = lambda handler: False
    assert adopt()[0].sent == 4


@pytest.mark.parametrize("after", range(0, 16, 3))
def test_interrupted_anywhere_it_goes_on(dead_disk, adopt, liar, after):
    calls = iter(range(after))

    def go_on():
        if next(calls, None) is None:
            raise StopRequested

    with pytest.raises(StopRequested):
        adopt(go_on)
    adopt()
    assert sums_in(liar) == {kept.sha256 for kept in dead_disk}
    assert Image.objects.filter(place="both", verified_at__isnull=False).count() == 4


def test_other_bytes_in_the_store_are_a_conflict_and_stay(dead_disk, adopt, liar):
    adopt()
    image = Image.objects.first()
    Image.objects.filter(pk=image.pk).forget_store()
    liar.objects[image.store_key] = b"somebody else's"
    adopted, _, _ = adopt()
    image.refresh_from_db()
    assert image.place == "conflict" and set(adopted.failed) == {image.filename}
    assert liar.objects[image.store_key] == b"somebody else's"


def test_a_retired_instrument_has_its_pictures_in_the_store_alone(dead_disk, adopt, store):
    adopt()
    retired = retire(store, HERE)
    assert (retired.in_store, retired.left) == (4, 0)
    assert set(Image.objects.values_list("place", flat=True)) == {"store"}
    assert "retiredAt" in Instrument.objects.get().camera
    assert retire(store, HERE).in_store == 0


def test_what_the_store_lost_meanwhile_keeps_the_instrument(dead_disk, adopt, store, liar):
    adopt()
    liar.objects.pop(Image.objects.first().store_key)
    retired = retire(store, HERE)
    assert (retired.in_store, retired.left) == (3, 1)
    assert "retiredAt" not in Instrument.objects.get().camera
    assert Image.objects.filter(place=None).count() == 1


def test_a_foreign_folder_is_refused_and_nothing_is_made_in_it(tmp_path, archive):
    with pytest.raises(NotADataFolder, match="data folder of the dead PC"):
        read_dead_id(tmp_path / "empty")
    (tmp_path / "instrument-id").write_text("nonsense")
    with pytest.raises(NotADataFolder, match="no id"):
        read_dead_id(tmp_path)
    (tmp_path / "instrument-id").write_text(f"{HERE}\n")
    assert read_dead_id(tmp_path) == HERE and isinstance(HERE, UUID)
    (tmp_path / "other").mkdir()
    with pytest.raises(NotADataFolder, match="lacks the file"):
        find_images_folder(tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []
    archive.check_folder()
    assert find_images_folder(tmp_path) == archive.root == find_images_folder(archive.root)
