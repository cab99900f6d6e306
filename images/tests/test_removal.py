import pytest
from django.db import transaction

from images.edit.removal import finish_removals
from images.index.adoption import adopt_unlisted
from images.library import the_library
from images.models import Image, Removal

pytestmark = pytest.mark.django_db(transaction=True)


def thumbnail_of(image: Image):
    the_library().thumbnails.open(image).close()
    return the_library().thumbnails._folder / image.thumbnail_path


def test_file_and_thumbnail_go_with_the_row(archive, keep_image):
    image = keep_image()
    thumbnail = thumbnail_of(image)
    image.delete()
    assert not archive.path_of(image.filename).exists()
    assert not thumbnail.exists()
    assert not Removal.objects.exists()


def test_the_file_stays_until_the_deletion_is_committed(archive, keep_image):
    image = keep_image()
    with transaction.atomic():
        image.delete()
        assert archive.path_of(image.filename).exists()
    assert not archive.path_of(image.filename).exists()


def test_a_deletion_that_is_rolled_back_removes_nothing(archive, keep_image):
    image = keep_image()
    with transaction.atomic():
        image.delete()
        transaction.set_rollback(True)
    assert archive.path_of(image.filename).exists()
    assert Image.objects.filter(filename=image.filename).exists()
    assert not Removal.objects.exists()


def test_deleting_many_at_once_removes_their_files_and_no_other(archive, keep_image):
    images = [keep_image() for _ in range(3)]
    Image.objects.exclude(pk=images[0].pk).delete()
    assert [archive.path_of(image.filename).exists() for image in images] == [True, False, False]


def test_a_crash_between_commit_and_removal_is_made_up_for_at_the_next_start(archive, keep_image):
    image = keep_image()
    Removal.objects.create(filename=image.filename, record_id=image.record_id)
    Image.objects.filter(pk=image.pk)._raw_delete("default")

    assert adopt_unlisted(archive) == 0
    assert finish_removals() == 1
    assert not archive.path_of(image.filename).exists()
    assert finish_removals() == 0


def test_what_is_deleted_while_its_drive_is_away_does_not_come_back_with_it(archive, keep_image, tmp_path):
    image = keep_image()
    archive.root.rename(tmp_path / "drive")
    image.delete()
    assert finish_removals() == 0

    (tmp_path / "drive").rename(archive.root)
    assert adopt_unlisted(archive) == 0
    assert finish_removals() == 1
    assert not archive.path_of(image.filename).exists()


def test_an_image_that_got_the_name_of_a_removed_one_is_never_removed_for_it(archive, keep_image):
    removed = keep_image()
    archive.remove(removed.filename)
    Image.objects.filter(pk=removed.pk)._raw_delete("default")
    Removal.objects.create(filename=removed.filename, record_id=removed.record_id)
    newcomer = keep_image()
    assert newcomer.filename == removed.filename

    assert finish_removals() == 1
    assert archive.path_of(newcomer.filename).exists()


def test_a_damaged_original_goes_with_its_row_too(archive, keep_image):
    image = keep_image()
    archive.path_of(image.filename).write_text("damaged")
    image.delete()
    assert not archive.path_of(image.filename).exists()


def test_a_row_whose_file_is_lost_can_be_deleted(archive, keep_image):
    image = keep_image()
    archive.remove(image.filename)
    image.delete()
    assert not Image.objects.exists()
    assert not Removal.objects.exists()
