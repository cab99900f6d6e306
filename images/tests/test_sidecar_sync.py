"""After a crash between sidecar and row, the older one is brought up to date."""

import os

import pytest
from django.db import transaction

from images.edit.bin import bin_image
from images.edit.edit import edit_image
from images.index.adoption import adopt_unlisted
from images.tests.sidecars import file_of, read, row

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


@committed
def test_after_a_crash_before_the_row_the_next_start_follows_the_sidecar(archive, image, operator):
    edit_image(image.pk, operator, note="first")
    with transaction.atomic():
        edit_image(image.pk, operator, note="second")
        bin_image(image.pk, operator)
        transaction.set_rollback(True)
    assert (row(image)[0], row(image)[-1], read(image)["revision"]) == ("first", 1, 3)

    assert adopt_unlisted(archive) == 0
    note, _sample, _x, binned_at, binned_by, revision = row(image)
    assert (note, binned_by, revision) == ("second", "ada", 3)
    assert binned_at.isoformat() == read(image)["values"]["binnedAt"]


@committed
def test_a_change_after_such_a_crash_continues_from_the_sidecar(image, operator):
    with transaction.atomic():
        edit_image(image.pk, operator, note="in the file only")
        transaction.set_rollback(True)
    edited = edit_image(image.pk, operator, sample="liver")
    assert (edited.note, edited.sample, edited.revision) == ("in the file only", "liver", 2)
    assert (read(image)["values"]["note"], len(read(image)["history"])) == ("in the file only", 2)


@committed
def test_a_repeated_change_after_a_crash_is_answered_only_when_the_row_has_it(image, operator):
    with transaction.atomic():
        edit_image(image.pk, operator, note="seen")
        transaction.set_rollback(True)
    edit_image(image.pk, operator, note="seen")
    assert (row(image)[0], row(image)[-1], read(image)["revision"]) == ("seen", 1, 1)


def test_a_file_that_is_lost_or_older_than_the_row_is_made_again(archive, image, operator):
    edit_image(image.pk, operator, note="first")
    older = file_of(image).read_bytes()
    edit_image(image.pk, operator, note="second")
    file_of(image).write_bytes(older)
    adopt_unlisted(archive)
    assert (read(image)["values"]["note"], read(image)["revision"], len(read(image)["history"])) == ("second", 2, 2)

    file_of(image).unlink()
    adopt_unlisted(archive)
    assert (read(image)["values"]["note"], read(image)["revision"]) == ("second", 2)
    assert row(image)[0] == "second"


def test_what_a_writer_that_died_left_is_swept_and_the_changes_stay(archive, image, operator):
    edit_image(image.pk, operator, note="seen")
    left = file_of(image).with_name(f".{file_of(image).name}.4711-1.part")
    left.write_text("{")
    assert archive.remove_orphaned_temporaries() == 1
    assert sorted(os.listdir(left.parent)) == [image.filename, file_of(image).name]
