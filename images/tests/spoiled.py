"""A library with one of each thing that `manage.py verify` finds, and the command itself."""

import io
import os
import shutil
import threading
import time
from datetime import timedelta

from django.core.management import call_command

from images.archive.paced_reader import PacedReader
from images.edit.edit import edit_image
from images.models import Image, Removal, Verification
from images.tests.frames import TAKEN_AT
from images.tests.places import sidecar_path_of
from images.verification.run import Verifier, begin_verification

MISSING, CHANGED, UNKNOWN, ORPHANED, STRAY, INTERRUPTED = 4, 8, 16, 32, 64, 128


def keep_over_three_days(keep_image, operator) -> list[Image]:
    """Keep six images over three days, two a day, and edit the first."""
    kept = [keep_image(taken_at=TAKEN_AT + timedelta(days=day, hours=hour)) for day in range(3) for hour in range(2)]
    edit_image(kept[0].pk, operator, note="seen")
    return kept


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    printed = io.StringIO()
    try:
        call_command("verify", "--full-speed", *arguments, stdout=printed)
    except SystemExit as ended:
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def age(archive) -> None:
    """Date all files a day back. Verify does not report fresh files, because somebody may still write them."""
    for path in archive.root.rglob("*"):
        os.utime(path, (time.time() - 86_400,) * 2, follow_symlinks=False)


def found() -> set[tuple[str, str]]:
    return set(Verification.objects.first().findings.values_list("kind", "place"))


def spoil_missing(archive, images):
    archive.path_of(images[1].filename).unlink()


def spoil_changed(archive, images):
    path = archive.path_of(images[2].filename)
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)


def spoil_unknown(archive, images):
    folder = archive.path_of(images[3].filename).parent
    (folder / "notes.txt").write_text("buy milk")
    (folder / "capture_20250117_000000_001.jpg").write_bytes(b"\xff\xd8 cut")
    shutil.copy(archive.path_of(images[3].filename), folder / "capture_20250117_000000_002.jpg")
    (archive.root / "holidays").mkdir()
    sidecar_path_of(images[3].filename).write_text("{")


def spoil_orphaned(archive, images):
    Image.objects.filter(pk=images[4].pk)._raw_delete("default")


def spoil_stray(archive, images):
    path = archive.path_of(images[5].filename)
    path.with_name(".capture_20250118_000000_001.part").write_text("half")
    shutil.copy(
        sidecar_path_of(images[0].filename),
        path.with_name("capture_20250118_000000_009.jpg.sidecar.json"),
    )
    Removal.objects.create(filename=path.name, record_id=images[5].record_id)
    Image.objects.filter(pk=images[5].pk)._raw_delete("default")


FINDINGS = {
    MISSING: (spoil_missing, {("missing", "2025-01-16/capture_20250116_113045_123.jpg")}),
    CHANGED: (spoil_changed, {("changed", "2025-01-17/capture_20250117_103045_123.jpg")}),
    UNKNOWN: (
        spoil_unknown,
        {
            ("unknown", "2025-01-17/notes.txt"),
            ("unknown", "2025-01-17/capture_20250117_000000_001.jpg"),
            ("unknown", "2025-01-17/capture_20250117_000000_002.jpg"),
            ("unknown", "2025-01-17/capture_20250117_113045_123.jpg.sidecar.json"),
            ("unknown", "holidays"),
        },
    ),
    ORPHANED: (spoil_orphaned, {("orphaned", "2025-01-18/capture_20250118_103045_123.jpg")}),
    STRAY: (
        spoil_stray,
        {
            ("stray", "2025-01-18/.capture_20250118_000000_001.part"),
            ("stray", "2025-01-18/capture_20250118_000000_009.jpg.sidecar.json"),
            ("stray", "2025-01-18/capture_20250118_113045_123.jpg"),
        },
    ),
}


def steps_of(archive, read=None) -> tuple[Verification, Verifier]:
    verification = begin_verification("ada")
    return verification, Verifier(
        archive, verification, read or PacedReader(threading.Event()).measure, lambda one: None
    )
