"""A sidecar is removed, renamed and kept together with its original."""

import os
import uuid

import pytest

from images.edit.bin import bin_image, empty_bin
from images.edit.edit import edit_image
from images.edit.removal import finish_removals
from images.index.adoption import adopt_unlisted
from images.models import Image, Removal
from images.tests.sidecars import file_of, read

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


@committed
def test_changes_go_with_the_image_that_is_removed_for_good(image, operator):
    bin_image(image.pk, operator)
    empty_bin()
    assert os.listdir(file_of(image).parent) == []


@committed
def test_a_removal_that_a_crash_cut_short_takes_the_changes_too(archive, image, operator):
    edit_image(image.pk, operator, note="seen")
    archive.remove(image.filename)
    Removal.objects.create(filename=image.filename, record_id=image.record_id)
    Image.objects.all()._raw_delete("default")
    assert finish_removals() == 1
    assert os.listdir(file_of(image).parent) == []


@committed
def test_the_changes_of_another_image_of_that_name_are_not_removed(archive, keep_image, operator):
    removed = keep_image()
    archive.remove(removed.filename)
    Image.objects.filter(pk=removed.pk)._raw_delete("default")
    Removal.objects.create(filename=removed.filename, record_id=removed.record_id)
    newcomer = keep_image()
    edit_image(newcomer.pk, operator, note="mine")
    assert finish_removals() == 1
    assert read(newcomer)["values"]["note"] == "mine"


def test_changes_go_along_when_an_original_gets_another_name(archive, keep_image, operator):
    image = keep_image()
    edit_image(image.pk, operator, note="seen")
    Image.objects.filter(pk=image.pk).update(record_id=uuid.uuid4(), file_size=1)  # another image has the name now
    assert adopt_unlisted(archive) == 1
    renamed = Image.objects.exclude(pk=image.pk).get()
    assert (renamed.filename, renamed.note) == ("capture_20250116_103045_123_2.jpg", "seen")
    assert not file_of(image).exists()
    assert read(renamed)["values"]["note"] == "seen"
