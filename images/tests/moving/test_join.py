"""The library of a PC that was alone, in SQLite, moves into a shared one: all of it, twice as well as once."""

import sqlite3
import threading

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.moving import bring_people
from images.calibration.objectives import choose_objective
from images.edit.edit import edit_image
from images.library import the_library
from images.models import Calibration, CurrentObjective, Image, Instrument, Objective, Removal
from images.moving.errors import NotALoneLibrary, NotYourRows, OtherBucket
from images.moving.join import join_file
from images.moving.other_database import opened, opened_copy
from images.spool.upload import Uploader
from images.store.body import Pace
from images.tests.moving.conftest import HERE, remove_original

pytestmark = pytest.mark.django_db
COLUMNS = ("filename", "sha256", "note", "revision", "place", "store_key", "stored_at", "verified_at")
USERS = get_user_model().objects


def rows():
    return {row.pop("record_id"): row for row in Image.objects.values("record_id", *COLUMNS)}


def join(file, store, tmp_path):
    reported = []
    with opened_copy(file, tmp_path) as source:
        *_, joined = join_file(source, the_library().archive, store, bring_people, reported.append)
    return joined, reported


@pytest.fixture
def in_store(store, images, manager, liar):
    """Of six images four are in the store; the last of these left the disk. One of them was edited."""
    uploader = Uploader(store, the_library().archive, the_library().thumbnails, lambda: HERE, Pace())
    for image in images[:4]:
        key = uploader.upload(image, threading.Event())
        Image.objects.filter(pk=image.pk).update(
            place="both", store_key=key, stored_at=timezone.now(), verified_at=timezone.now()
        )
    edit_image(images[3].pk, manager, note="seen")
    Image.objects.filter(pk=images[3].pk).update(place="store", evicted_at=timezone.now())
    remove_original(images[3].filename)
    return images


def test_everything_comes_with_what_the_store_has(in_store, move_rows_out, be_instrument, store, tmp_path):
    before = rows()
    file = move_rows_out()
    be_instrument()
    joined, reported = join(file, store, tmp_path)
    assert rows() == before and not reported
    assert {image.user.username for image in Image.objects.select_related("user")} == {"ada"}
    assert set(Image.objects.values_list("instrument_id", flat=True)) == {HERE}
    assert (joined.rows.marked, joined.rows.made, joined.rows.lacking) == (3, 1, [])


def test_it_can_be_done_again(in_store, move_rows_out, be_instrument, store, tmp_path):
    file = move_rows_out()
    content = file.read_bytes()
    be_instrument()
    join(file, store, tmp_path)
    rows = list(Image.objects.order_by("pk").values())
    joined, _ = join(file, store, tmp_path)
    assert list(Image.objects.order_by("pk").values()) == rows
    assert (joined.rows.marked, joined.rows.made) == (0, 0)
    assert file.read_bytes() == content and list(tmp_path.glob("join-*")) == []


def test_broken_off_at_any_step_it_goes_on(in_store, move_rows_out, be_instrument, store, tmp_path):
    file = move_rows_out()
    be_instrument()
    for steps in range(1, 6):
        with opened_copy(file, tmp_path) as source:
            under_way = join_file(source, the_library().archive, store, bring_people, print)
            for _ in range(steps):
                next(under_way, None)
            under_way.close()
    joined, _ = join(file, store, tmp_path)
    assert Image.objects.count() == 6 and not joined.rows.lacking
    assert Image.objects.filter(place="store").count() == 1 and Image.objects.filter(place="both").count() == 3


def test_a_picture_whose_removal_was_under_way_does_not_come_back(
    images, move_rows_out, be_instrument, store, archive, tmp_path
):
    gone = images[2]
    file = move_rows_out()
    with opened(file) as old:
        Image.objects.using(old).filter(pk=gone.pk)._raw_delete(old)
        Removal.objects.using(old).create(record_id=gone.record_id, filename=gone.filename)
    be_instrument()
    joined, _ = join(file, store, tmp_path)
    assert Image.objects.count() == 5 and joined.rows.lacking == []
    assert Removal.objects.get().instrument_id == HERE


def test_another_bucket_is_refused_if_originals_are_only_in_the_old_one(
    in_store, move_rows_out, be_instrument, store, liar, tmp_path
):
    file = move_rows_out()
    be_instrument()
    liar.objects.clear()
    with pytest.raises(OtherBucket, match="1 originals of this PC are only in its store"):
        join(file, store, tmp_path)
    assert not Image.objects.exists() and not USERS.exists()


def test_with_another_bucket_what_is_here_is_sent_again(in_store, move_rows_out, be_instrument, store, liar, tmp_path):
    Image.objects.filter(place="store").delete()
    file = move_rows_out()
    be_instrument()
    liar.objects.clear()
    joined, _ = join(file, store, tmp_path)
    assert not joined.is_store_the_same
    assert set(Image.objects.values_list("place", flat=True)) == {None}


def test_a_file_that_is_damaged_and_in_the_store_is_of_the_store(
    in_store, move_rows_out, be_instrument, store, archive, tmp_path
):
    archive.path_of(in_store[0].filename).write_bytes(b"nothing")
    archive.path_of(in_store[5].filename).write_bytes(b"nothing")
    file = move_rows_out()
    be_instrument()
    joined, reported = join(file, store, tmp_path)
    assert Image.objects.get(record_id=in_store[0].record_id).place == "store"
    assert joined.rows.lacking == [in_store[5].filename] and len(reported) == 2


def test_the_file_of_another_pc_is_refused(images, move_rows_out, be_instrument, store, tmp_path):
    file = move_rows_out()
    for image in images:
        remove_original(image.filename)
    be_instrument()
    with pytest.raises(NotYourRows):
        join(file, store, tmp_path)
    assert not USERS.exists()


def test_files_that_are_no_library_are_refused(be_instrument, store, tmp_path):
    be_instrument()
    text, empty = tmp_path / "text", tmp_path / "empty.sqlite3"
    text.write_text("hello")
    with sqlite3.connect(empty) as connection:
        connection.execute("CREATE TABLE t (a)")
    for file, why in ((text, "no SQLite"), (empty, "another version"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(NotALoneLibrary, match=why):
            join(file, store, tmp_path)


def test_objectives_that_no_picture_names_and_the_choice_come_too(
    image, calibrated, manager, move_rows_out, be_instrument, store, tmp_path
):
    retired = Objective.objects.create(name="100x", magnification=100, is_retired=True)
    choose_objective(calibrated.objective_id, manager)
    file = move_rows_out()
    Objective.objects.create(name="100x", magnification=60)
    be_instrument()
    join(file, store, tmp_path)
    brought = Objective.objects.get(pk=retired.pk)
    assert brought.is_retired and brought.name == f"100x ({str(retired.pk)[:8]})"
    assert Calibration.objects.get().made_by.username == "mary"
    assert Calibration.objects.get().image.record_id == calibrated.image_record_id
    assert CurrentObjective.objects.get().instrument_id == HERE
    assert Instrument.objects.get().pk == HERE


def test_who_has_a_taken_name_gets_no_account_and_gives_none(
    image, operator, move_rows_out, be_instrument, store, tmp_path
):
    file = move_rows_out()
    other = USERS.create_user("Ada", password="another")
    other.groups.set(Group.objects.filter(name="viewers"))
    be_instrument()
    joined, _ = join(file, store, tmp_path)
    assert joined.people.taken == ["ada"]
    other.refresh_from_db()
    assert other.check_password("another") and [group.name for group in other.groups.all()] == ["viewers"]
    restored = Image.objects.get().user
    assert restored.username == "ada-restored" and restored.lasting_id == operator.lasting_id
    assert not restored.is_active and not restored.has_usable_password() and not restored.groups.exists()
