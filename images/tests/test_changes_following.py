"""A crash between file and row parts them, and not for long: the one that is behind follows."""

import os

import pytest
from django.db import transaction

from images.bin import bin_image
from images.editing import edit_image
from images.listing import adopt_unlisted
from images.models import Image
from images.tests.changed import file_of, read, row

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def image(keep_image) -> Image:
    return keep_image()


@committed
def test_what_died_between_file_and_row_comes_true_at_the_next_start(archive, image, operator):
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
def test_who_changes_an_image_that_died_between_goes_on_from_the_file(image, operator):
    with transaction.atomic():
        edit_image(image.pk, operator, note="in the file only")
        transaction.set_rollback(True)
    edited = edit_image(image.pk, operator, sample="liver")
    assert (edited.note, edited.sample, edited.revision) == ("in the file only", "liver", 2)
    assert (read(image)["values"]["note"], len(read(image)["history"])) == ("in the file only", 2)


@committed
def test_who_asks_again_after_a_crash_is_answered_only_once_the_row_has_it(image, operator):
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
