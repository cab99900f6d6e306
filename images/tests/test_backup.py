"""`manage.py backup`: the content of a backup, and what the next backup reuses of it."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from django.core.management import CommandError

from images.backup.contents.entries import DayList
from images.backup.state import read_state
from images.edit.edit import edit_image
from images.edit.removal import finish_removals
from images.models import Removal
from images.tests.backups import CHANGED, MISSING, back_up, backups_in, files_of, manifest_of, originals_in, steps_of
from images.tests.frames import TAKEN_AT
from images.tests.places import sidecar_path_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


def test_a_backup_holds_every_file_of_the_library_and_says_so(archive, images, disk):
    code, printed = back_up(disk)
    assert code == 0
    (backup,) = backups_in(disk)
    assert originals_in(backup) == files_of(archive)
    manifest = manifest_of(disk)
    assert (manifest.file_count, manifest.database.rows["images"]) == (7, 6)
    assert manifest.byte_count == sum(len(content) for content in files_of(archive).values())
    assert "7 files" in printed and str(backup) in printed
    assert read_state(disk.parent / "data").last_finished_backup.place == str(backup)


@pytest.mark.on_sqlite
def test_the_copied_database_is_one_whole_file_with_every_row(images, disk):
    back_up(disk)
    copy = backups_in(disk)[0] / "database.sqlite3"
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = dict(database.execute("SELECT filename, sha256 FROM images").fetchall())
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert rows == {image.filename: image.sha256 for image in images}


def test_files_of_the_earlier_backup_are_hard_linked(archive, images, disk, keep_image):
    back_up(disk)
    keep_image(taken_at=TAKEN_AT + timedelta(days=9))
    edit_image(images[5].pk, images[5].user, note="said later")
    _code, printed = back_up(disk)
    first, second = backups_in(disk)
    assert originals_in(second) == files_of(archive)
    shared = {
        name for name in originals_in(first) if os.path.samefile(first / "images" / name, second / "images" / name)
    }
    assert shared == set(originals_in(first))
    assert "2 were copied" in printed
    assert manifest_of(disk).file_count == 9


def test_a_disk_without_hard_links_gets_copies_and_says_so(archive, images, disk, monkeypatch):
    back_up(disk)

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    code, printed = back_up(disk)
    assert (code, originals_in(backups_in(disk)[1])) == (0, files_of(archive))
    assert "not support hard links" in printed


def test_a_changed_file_beside_an_original_is_copied_anew_and_the_old_backup_keeps_the_old(archive, images, disk):
    beside = sidecar_path_of(images[0].filename)
    before = beside.read_bytes()
    back_up(disk)
    edit_image(images[0].pk, images[0].user, note="another")
    back_up(disk)
    first, second = (originals_in(backup)[f"{beside.parent.name}/{beside.name}"] for backup in backups_in(disk))
    assert (first, second) == (before, beside.read_bytes())


def test_an_image_that_was_removed_for_good_is_in_no_later_backup(archive, images, disk):
    back_up(disk)
    images[0].delete()
    back_up(disk)
    assert originals_in(backups_in(disk)[1]) == files_of(archive)
    assert manifest_of(disk).file_count == 5


def test_a_missing_original_is_told_and_the_rest_is_backed_up(archive, images, disk):
    archive.path_of(images[1].filename).unlink()
    code, printed = back_up(disk)
    assert code == MISSING
    assert images[1].filename in printed
    assert manifest_of(disk).missing == [images[1].filename]
    assert read_state(disk.parent / "data").last_backup.result == "findings"


def test_a_damaged_original_is_told_and_does_not_replace_the_right_one(archive, images, disk):
    path = archive.path_of(images[2].filename)
    right = path.read_bytes()
    back_up(disk)
    path.write_bytes(b"other bytes")
    for backup in (1, 2):
        code, printed = back_up(disk)
        assert (code, manifest_of(disk).changed) == (CHANGED, [path.name])
        assert path.name in printed
        assert originals_in(backups_in(disk)[backup])[f"{path.parent.name}/{path.name}"] == right


def test_a_damaged_original_that_no_backup_has_is_kept_as_it_is_and_told(archive, images, disk):
    path = archive.path_of(images[2].filename)
    path.write_bytes(b"other bytes")
    assert back_up(disk)[0] == CHANGED
    assert originals_in(backups_in(disk)[0])[f"{path.parent.name}/{path.name}"] == b"other bytes"


def test_foreign_files_and_files_being_written_are_left_out(archive, images, disk):
    folder = archive.path_of(images[0].filename).parent
    for name in ("Thumbs.db", ".capture_20250116_000000_001.part"):
        (folder / name).write_text("x")
    (folder / "notes.txt").write_text("buy milk")
    (folder / "elsewhere").symlink_to(archive.root.parent)
    back_up(disk)
    names = {os.path.basename(name) for name in originals_in(backups_in(disk)[0])}
    assert "notes.txt" in names
    assert not names & {"Thumbs.db", ".capture_20250116_000000_001.part", "elsewhere"}


def test_rows_that_come_and_go_while_the_files_are_copied_all_find_their_originals(archive, images, disk, keep_image):
    steps = steps_of(archive, disk)
    while next(steps).brought.copied_count < 3:  # all images of the first day
        pass
    late = keep_image(taken_at=TAKEN_AT + timedelta(hours=5))
    images[0].delete()
    images[5].delete()
    for _step in steps:
        pass
    manifest = manifest_of(disk)
    assert (manifest.missing, manifest.database.rows["images"], manifest.file_count) == ([], 5, 5)
    names = {os.path.basename(name) for name in originals_in(backups_in(disk)[0])}
    assert names == {image.filename for image in [*images[1:5], late]}


def database_is_copied(disk) -> bool:
    return any((backups_in(disk)[0] / name).exists() for name in ("database.sqlite3", "database.dump"))


def test_a_row_that_is_removed_after_the_database_was_copied_keeps_its_original_until_it_is_copied_too(
    archive, images, disk, keep_image
):
    """The image is captured behind the walk and removed before the walk comes back. Its file goes a moment later."""
    steps, late = steps_of(archive, disk), None
    for _step in steps:
        if late is None and DayList(backups_in(disk)[0] / "files", "2025-01-17").is_complete:
            late = keep_image(taken_at=TAKEN_AT)
        if late and late.pk and database_is_copied(disk):
            for image in (late, images[0]):
                image.delete()
                assert archive.path_of(image.filename).exists()
    manifest = manifest_of(disk)
    assert (manifest.missing, manifest.database.rows["images"]) == ([], 7)
    names = {os.path.basename(name) for name in originals_in(backups_in(disk)[0])}
    assert {late.filename, images[0].filename} < names
    assert not any(archive.path_of(image.filename).exists() for image in (late, images[0]))
    assert Removal.objects.count() == 0


def test_files_that_somebody_deletes_by_hand_meanwhile_have_the_database_copied_again(
    archive, images, disk, keep_image
):
    steps, late = steps_of(archive, disk), None
    for _step in steps:
        if late is None and DayList(backups_in(disk)[0] / "files", "2025-01-17").is_complete:
            late = keep_image(taken_at=TAKEN_AT)
        if late and late.pk and database_is_copied(disk):
            late.delete()
            archive.path_of(late.filename).unlink()
    manifest = manifest_of(disk)
    assert (manifest.missing, manifest.database.rows["images"]) == ([], 6)


def test_a_backup_that_was_killed_holds_removals_back_for_an_hour_at_most(archive, images, settings):
    mark = settings.DATA_PATH / "removals-held"
    mark.touch()
    images[0].delete()
    assert archive.path_of(images[0].filename).exists()
    os.utime(mark, (mark.stat().st_mtime - 3700,) * 2)
    assert finish_removals() == 1
    assert not archive.path_of(images[0].filename).exists()


def test_secrets_are_left_out_unless_they_are_asked_for(images, disk, settings, monkeypatch):
    (settings.DATA_PATH / "secret-key").write_text("k" * 64)
    monkeypatch.setenv("ADMIN_PASSWORD", "hush # hush")
    monkeypatch.setenv("DATABASE_URL", "postgres://ada:hush@host/name")
    monkeypatch.setenv("PORT", "4000")
    for name in ("JOB_WEBHOOK_URL", "JOB_WEBHOOK_SECRET", "JOB_PING_URL", "EMAIL_PASSWORD", "S3_SECRET_KEY"):
        monkeypatch.setenv(name, "hush")
    back_up(disk)
    kept = (backups_in(disk)[0] / "settings.env").read_text()
    assert "PORT=4000\n" in kept and "postgres://ada@host/name" in kept
    assert "hush" not in kept and "ADMIN_PASSWORD was set" in kept and "JOB_WEBHOOK_SECRET was set" in kept
    assert not (backups_in(disk)[0] / "secret-key").exists()
    back_up(disk, "--with-secrets")
    kept = (backups_in(disk)[1] / "settings.env").read_text()
    assert "postgres://ada:hush@host/name" in kept and 'ADMIN_PASSWORD="hush # hush"' in kept
    assert (backups_in(disk)[1] / "secret-key").read_text() == "k" * 64


@pytest.mark.parametrize("place", ["data", "data/backups", "images/2025-01-16"])
def test_a_backup_folder_inside_what_is_backed_up_is_refused(images, disk, place):
    with pytest.raises(CommandError, match="Choose a folder on another disk"):
        back_up(disk.parent / place)
    assert read_state(disk.parent / "data").last_backup.result == "failed"


def test_a_link_that_leads_into_the_data_folder_is_refused_too(images, disk):
    disk.symlink_to(disk.parent / "data")
    with pytest.raises(CommandError, match="Choose a folder on another disk"):
        back_up(disk)


def test_a_folder_of_backups_whose_drive_is_not_mounted_is_not_filled(images, disk):
    back_up(disk)
    disk.rename(disk.parent / "drive in a pocket")
    disk.mkdir()
    with pytest.raises(CommandError, match="Mount its drive"):
        back_up(disk)
    assert list(disk.iterdir()) == []


def test_a_backup_inside_a_backup_is_refused(images, disk):
    back_up(disk)
    with pytest.raises(CommandError, match="is one backup"):
        back_up(backups_in(disk)[0])


def test_two_installations_can_share_a_folder_and_neither_takes_from_the_other(archive, images, disk, settings):
    settings.INSTALLATION = "of another PC"
    steps = steps_of(archive, disk)
    next(steps)
    settings.INSTALLATION = "of this PC"
    assert back_up(disk)[0] == 0
    other, own = backups_in(disk)
    assert not (other / "manifest.json").exists()
    assert originals_in(own) == files_of(archive)


def test_an_old_backup_can_be_deleted_by_hand_and_the_others_stay_whole(archive, images, disk):
    back_up(disk)
    back_up(disk)
    shutil.rmtree(backups_in(disk)[0])
    assert originals_in(backups_in(disk)[0]) == files_of(archive)
    assert back_up(disk)[0] == 0


def test_anew_copies_every_file_although_an_earlier_backup_has_it(archive, images, disk):
    """So it also repairs files that the disk damaged unnoticed."""
    back_up(disk)
    name = next(iter(originals_in(backups_in(disk)[0])))
    rotten = backups_in(disk)[0] / "images" / name
    fields, content = rotten.stat(), rotten.read_bytes()
    rotten.write_bytes(content[:-1] + b"x")
    os.utime(rotten, ns=(fields.st_atime_ns, fields.st_mtime_ns))
    _code, printed = back_up(disk, "--anew")
    assert "7 were copied" in printed
    assert originals_in(backups_in(disk)[1]) == files_of(archive)
