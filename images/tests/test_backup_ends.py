"""`manage.py backup` is killed, interrupted or fails: the next one continues there, and no file is half."""

import os
import signal
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection
from filelock import FileLock

from images.archive.paced_reader import PacedReader
from images.backup.copying import Copier
from images.backup.errors import BackupDamaged, BackupDiskFull, BackupFolderUnusable
from images.backup.folder import find_backup
from images.backup.state import read_state
from images.tests.backups import INTERRUPTED, back_up, backups_in, files_of, manifest_of, originals_in, steps_of
from images.tests.commands import start_command
from images.tests.conftest import rows_refused
from images.tests.frames import TAKEN_AT
from microscope.tests.migrated import fill_file

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


def step(steps, count: int) -> bool:
    """Take so many steps. Returns False if there were fewer."""
    return all(next(steps, None) is not None for _ in range(count))


# A first backup takes 14 steps until its manifest, a later one 7.
@pytest.mark.parametrize(
    ("is_second", "done"), [*((False, n) for n in range(1, 15, 2)), *((True, n) for n in (1, 4, 7))]
)
def test_after_a_kill_at_any_step_the_next_backup_continues_in_the_same_folder(archive, images, disk, done, is_second):
    if is_second:
        back_up(disk)
    steps = steps_of(archive, disk)
    step(steps, done)
    assert back_up(disk)[0] == 0
    assert len(backups_in(disk)) == 1 + is_second
    assert originals_in(backups_in(disk)[-1]) == files_of(archive)
    assert manifest_of(disk).file_count == 7


def test_what_was_copied_before_is_not_copied_again(archive, images, disk):
    steps = steps_of(archive, disk)
    while next(steps).brought.copied_count < 4:
        pass
    _code, printed = back_up(disk)
    assert "7 files" in printed and "3 were copied" in printed


def test_a_cut_journal_counts_up_to_its_last_whole_line(archive, images, disk):
    steps = steps_of(archive, disk)
    while next(steps).brought.copied_count < 2:
        pass
    (journal,) = (backups_in(disk)[0] / "files").glob("*.unfinished")
    journal.write_bytes(journal.read_bytes()[:-20])
    _code, printed = back_up(disk)
    assert "6 were copied" in printed
    assert originals_in(backups_in(disk)[0]) == files_of(archive)


def test_half_copies_of_a_killed_backup_are_swept(archive, images, disk):
    steps = steps_of(archive, disk)
    step(steps, 2)
    half = backups_in(disk)[0] / "images" / "2025-01-16" / f".{images[0].filename}.part"
    half.write_text("half")
    back_up(disk)
    assert originals_in(backups_in(disk)[0]) == files_of(archive)


def test_an_unfinished_backup_does_not_count_as_a_backup(archive, images, disk):
    steps = steps_of(archive, disk)
    step(steps, 6)
    with pytest.raises(BackupDamaged, match="no finished backup"):
        find_backup(disk)
    with pytest.raises(BackupDamaged, match=r"there is no manifest\.json"):
        find_backup(backups_in(disk)[0])


def test_a_damaged_list_is_made_again(archive, images, disk):
    back_up(disk)
    for listed in (backups_in(disk)[0] / "files").iterdir():
        listed.write_text("{")
    assert back_up(disk)[0] == 0
    assert originals_in(backups_in(disk)[1]) == files_of(archive)


def test_a_file_of_the_backup_before_that_lost_bytes_is_copied_again(archive, images, disk):
    back_up(disk)
    name = next(iter(originals_in(backups_in(disk)[0])))
    (backups_in(disk)[0] / "images" / name).write_text("cut")
    back_up(disk)
    assert originals_in(backups_in(disk)[1]) == files_of(archive)


def test_a_full_disk_ends_the_backup_with_a_sentence_and_no_half_file(archive, images, disk):
    with pytest.raises(BackupDiskFull, match="Free some space"):
        for _step in steps_of(archive, disk, reserve_bytes=10**18):
            pass
    assert list(disk.rglob("*.part")) == []
    assert back_up(disk)[0] == 0
    assert len(backups_in(disk)) == 1


def mount(folder: Path, *options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(32) is a disk of 32 kB. A second call makes it larger."""
    folder = tmp_path / "usb"
    folder.mkdir()

    def make(kilobytes: int, *options: str) -> Path:
        if not mount(folder, f"size={kilobytes}k", *options):
            pytest.skip("this user may not mount a disk")
        return folder / "backups"

    yield make
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


# The originals fill the smaller disk. The larger one holds them, and the copy of SQLite's database fills it.
@pytest.mark.skipif(os.name == "nt", reason="mounts of Linux")
@pytest.mark.parametrize("kilobytes", [32, 256] if connection.vendor == "sqlite" else [32])
def test_a_disk_that_fills_up_is_reported_and_the_next_backup_continues(
    archive, images, settings, small_disk, kilobytes
):
    settings.MINIMUM_FREE_MB = 0
    backups = small_disk(kilobytes)
    with pytest.raises(CommandError, match="is full"):
        back_up(backups)
    assert list(backups.rglob("*.part")) == []
    small_disk(50_000, "remount")
    assert back_up(backups)[0] == 0
    assert len(backups_in(backups)) == 1
    assert originals_in(backups_in(backups)[0]) == files_of(archive)


def test_a_disk_that_returns_other_bytes_is_reported(tmp_path):
    class BadDisk(PacedReader):
        """A reader that returns other bytes than were written."""

        def measure(self, file, *keep):
            size_bytes, sha256 = super().measure(file, *keep)
            return size_bytes, sha256 if keep else sha256[::-1]

    (tmp_path / "source").write_bytes(b"original")
    copier = Copier(BadDisk(threading.Event()), tmp_path, 0)
    with pytest.raises(BackupFolderUnusable, match="other bytes than were written"):
        copier.copy(tmp_path / "source", tmp_path / "target")
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"source"}


def test_a_missing_library_is_reported_and_makes_no_backup(archive, images, disk, tmp_path):
    archive.check_folder()
    archive.root.rename(tmp_path / "drive")
    with pytest.raises(CommandError, match="Connect or mount its drive"):
        back_up(disk)
    (tmp_path / "drive").rename(archive.root)
    assert back_up(disk)[0] == 0
    assert len(backups_in(disk)) == 1


def test_a_missing_database_fails_the_backup_and_the_next_one_continues(archive, images, disk, settings):
    with rows_refused(), pytest.raises(CommandError):
        back_up(disk)
    failed = read_state(settings.DATA_PATH).last_backup
    assert failed.result == "failed" and failed.message
    assert back_up(disk)[0] == 0
    assert len(backups_in(disk)) == 1


def test_a_second_one_at_the_same_time_is_refused(images, disk, settings):
    with FileLock(settings.DATA_PATH / "backup.lock"), pytest.raises(CommandError, match="Another manage"):
        back_up(disk)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_next_process_continues_after_an_interrupted_or_killed_one(tmp_path, archive, keep_original, number, disk):
    for second in range(30):
        keep_original(taken_at=TAKEN_AT + timedelta(seconds=second))
    fill_file(tmp_path / "microscope.sqlite3")
    with start_command(tmp_path, "rebuild", "-v0") as prepared:
        assert prepared.communicate(timeout=120) and prepared.returncode == 0
    usb = tmp_path.parent / f"{tmp_path.name}-usb"
    with start_command(tmp_path, "backup", str(usb), "--rate", "0.05") as first:
        until_s = time.monotonic() + 60
        while not list(usb.rglob("capture_*.jpg")):
            assert time.monotonic() < until_s and first.poll() is None
            time.sleep(0.01)
        first.send_signal(number)
        printed = first.communicate(timeout=60)[0]
    assert first.returncode == (-number if number == signal.SIGKILL else INTERRUPTED), printed
    with start_command(tmp_path, "backup", str(usb)) as second:
        printed = second.communicate(timeout=60)[0]
    assert second.returncode == 0, printed
    assert len(backups_in(usb)) == 1
    assert originals_in(backups_in(usb)[0]) == files_of(archive)
