"""Files that systems and sync programs leave in folders are no findings. A file dated ahead of the clock is one."""

import io
import os
import time

import pytest
from django.core.management import call_command

from images.models import Verification
from images.tests.spoiled import FINDINGS, ORPHANED, STRAY, UNKNOWN, age, found, run, spoil_stray

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]
LITTER = [".DS_Store", "Thumbs.db", "thumbs.db", "Desktop.ini", "._capture_1.jpg", "~$plan.docx", ".nfs0001", "@eaDir"]


PARTS = [
    *(".syncthing.capture.jpg.tmp", "~syncthing~capture.jpg.tmp", ".capture_20250116_103045_123.jpg.~3f2a"),
    *(".capture_20250116_103045_123.jpg.Xy12zQ", "capture_1.jpg.0a1b2c3d.partial", ".unison.x.0.unison.tmp"),
    *("capture.jpg.ffs_tmp", "sync.ffs_db"),
]


@pytest.mark.parametrize("name", [*LITTER, *PARTS, ".stversions", ".Trash-1000", ".directory"])
def test_litter_is_no_finding_and_no_file_of_a_rebuild(archive, images, name):
    folder = archive.path_of(images[0].filename).parent
    (folder / name).write_bytes(b"litter")
    (archive.root / name).mkdir()
    age(archive)
    assert (run()[0], found()) == (0, set())
    printed = io.StringIO()
    call_command("rebuild", stdout=printed)
    assert "6 files looked at" in printed.getvalue()


@pytest.mark.parametrize("name", ["something.tmp", "measured.partial", "capture_20250116_000000_001.jpg.tmp"])
def test_a_foreign_file_is_named_even_if_its_name_sounds_like_litter(archive, images, name):
    folder = archive.path_of(images[0].filename).parent
    (folder / name).write_bytes(bytes(100_000))
    age(archive)
    assert (run()[0], found()) == (UNKNOWN, {("unknown", f"{folder.name}/{name}")})
    printed = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("rebuild", stdout=printed)
    assert f"Not listed: {folder.name}/{name}" in printed.getvalue()


def test_litter_counts_for_no_file(archive, images):
    folder = archive.path_of(images[0].filename).parent
    for name in LITTER:
        (folder / name).write_bytes(b"litter")
    run()
    assert Verification.objects.get().file_count == 7


def test_files_dated_two_hours_ahead_are_found(archive, images):
    folder = archive.path_of(images[3].filename).parent
    (folder / "holiday.jpg").write_bytes(b"\xff\xd8 foreign")
    cut = folder / "capture_20250117_000000_001.jpg"
    cut.write_bytes(archive.path_of(images[3].filename).read_bytes()[:300])
    spoil_stray(archive, images)
    for path in archive.root.rglob("*"):
        os.utime(path, (time.time() + 7200,) * 2)
    assert run()[0] & ~ORPHANED == UNKNOWN | STRAY
    day = f"{folder.name}/"
    assert found() >= {("unknown", f"{day}holiday.jpg"), ("unknown", f"{day}{cut.name}"), *FINDINGS[STRAY][1]}
