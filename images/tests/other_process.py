"""Processes that the tests start, and kill. Run as `python -m images.tests.other_process WHAT FOLDER COUNT`."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from images.archive.archive import Archive
from images.archive.folder import MARKER
from images.archive.names import location_of
from images.archive.sidecar import read_sidecar, write_sidecars
from images.formats import FORMATS
from images.tests.frames import TAKEN_AT, make_frame, make_record_of


def open_archive(folder: Path) -> Archive:
    return Archive(folder / "images", reserve_bytes=0, memory=folder / "archive-folder.txt")


def keep_in_one_millisecond(folder: Path, count: int) -> None:
    archive = open_archive(folder)
    for number in range(count):
        archive.keep(TAKEN_AT, ".jpg", _write(f"{os.getpid()} {number}"))


def be_killed_while_keeping(folder: Path, count: int) -> None:
    """Start a process that keeps one image after the other, and kill it at some moment; again and again."""
    choose = random.Random(1)
    _keep_one(folder)  # loads what Pillow needs, so that the children begin at once
    began_s = time.perf_counter()
    _keep_one(folder)
    took_s = time.perf_counter() - began_s
    for _ in range(count):
        process_id = os.fork()
        if process_id == 0:
            while True:
                _keep_one(folder)
        # The archive must survive a kill at any moment. On a busy machine an image takes longer.
        time.sleep(choose.uniform(0.001, max(0.03, 3 * took_s)))
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)


def write_until_stopped(folder: Path, count: int) -> None:
    """Begin `count` images, say so, and finish them once a line comes in."""

    def write(file: BinaryIO) -> None:
        file.write(b"the first half, ")
        file.flush()
        print("writing", flush=True)  # noqa: T201
        sys.stdin.readline()
        file.write(b"the second half")

    for _ in range(count):
        open_archive(folder).keep(TAKEN_AT, ".jpg", write)


def change_older_sidecar(folder: Path, step: int) -> None:
    """Change what an older sidecar says of the first original, and be killed before file operation number `step`."""
    archive = open_archive(folder)
    (archive.root / MARKER).touch()  # without the marker, the archive takes the folder for an empty mount point
    archive.check_folder()
    original = next(archive.root.glob("*/*.jpg"))
    sidecar = read_sidecar(archive, location_of(original.name))
    assert sidecar
    steps_left = iter(range(step))

    def step_or_die(event: str, arguments: tuple) -> None:
        is_step = event in ("open", "os.rename", "os.remove") and str(folder) in str(arguments[0])
        if is_step and next(steps_left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step_or_die)
    changed = sidecar.next_revision({**sidecar.values, "note": "later"}, "2025-01-17T08:00:00+00:00", "ada")
    write_sidecars(archive, [(original.name, changed)])


def _keep_one(folder: Path) -> None:
    frame, jpeg = make_frame(), FORMATS["jpg"]
    record = make_record_of(frame)
    open_archive(folder).keep(datetime.now(UTC), ".jpg", lambda file: jpeg.write(file, frame.pixels, record, 95))


def _write(text: str) -> Callable[[BinaryIO], object]:
    return lambda file: file.write(text.encode())


if __name__ == "__main__":
    what, where, how_many = sys.argv[1:]
    {
        "keep-in-one-millisecond": keep_in_one_millisecond,
        "be-killed-while-keeping": be_killed_while_keeping,
        "write-until-told": write_until_stopped,
        "change-older-sidecar": change_older_sidecar,
    }[what](Path(where), int(how_many))
