"""`manage.py verify` while the drive, a file, the database or an image goes away: this makes no findings."""

import threading

import pytest
from django.core.management import CommandError
from django.db import DatabaseError

from images.archive.paced_reader import PacedReader
from images.models import Finding, Image, Verification
from images.tests.conftest import rows_refused
from images.tests.spoiled import CHANGED, age, run, spoil_changed, steps_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


def test_a_drive_that_is_away_is_told_and_is_no_finding(archive, images, tmp_path):
    archive.check_folder()
    archive.root.rename(tmp_path / "drive")
    with pytest.raises(CommandError, match="Connect or mount its drive"):
        run()
    assert (Verification.objects.get().state, Finding.objects.count()) == ("interrupted", 0)
    (tmp_path / "drive").rename(archive.root)
    assert run()[0] == 0


def test_a_drive_that_goes_away_meanwhile_is_no_finding_either(archive, images, tmp_path):
    read = PacedReader(threading.Event()).measure

    def read_and_unplug(file):
        archive.root.rename(tmp_path / "drive")
        return read(file)

    _run, verifier = steps_of(archive, read_and_unplug)
    with pytest.raises(Exception, match="Connect or mount its drive"):
        list(verifier.steps())
    (tmp_path / "drive").rename(archive.root)
    assert run()[0] == 0


def test_an_original_that_the_disk_cannot_give_back_is_told_and_hinders_no_other(archive, images):
    path = archive.path_of(images[2].filename)
    path.unlink()
    path.mkdir()
    age(archive)
    assert run()[0] & CHANGED
    assert Finding.objects.get(kind="changed").detail.startswith("It cannot be read: ")
    assert Verification.objects.get().image_count == 6


def test_a_fault_of_the_database_is_raised_for_manage_py_to_explain(images):
    with rows_refused("verifications"), pytest.raises(DatabaseError):
        run()


def test_images_that_are_removed_meanwhile_are_no_findings(archive, images):
    spoil_changed(archive, images)
    _run, verifier = steps_of(archive)
    steps = verifier.steps()
    for _ in range(3):
        next(steps)
    Image.objects.filter(pk__in=[images[2].pk, images[4].pk]).delete()
    for _ in steps:
        pass
    assert Finding.objects.get().image is None
    assert Verification.objects.get().state == "finished"
