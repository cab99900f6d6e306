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

from images.archive import Archive
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
    for _ in range(count):
        process_id = os.fork()
        if process_id == 0:
            while True:
                _keep_one(folder)
        time.sleep(choose.uniform(0.001, 0.03))  # any moment will do
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)


def write_until_told(folder: Path, count: int) -> None:
    """Begin `count` images, say so, and finish them once a line comes in."""

    def write(file: BinaryIO) -> None:
        file.write(b"the first half, ")
        file.flush()
        print("writing", flush=True)  # noqa: T201
        sys.stdin.readline()
        file.write(b"the second half")

    for _ in range(count):
        open_archive(folder).keep(TAKEN_AT, ".jpg", write)


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
        "write-until-told": write_until_told,
    }[what](Path(where), int(how_many))
