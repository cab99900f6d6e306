"""Measure a backup, beside `rsync` on the same folder.

The first library has large originals and is copied for the first time. The second has many small ones, of which none
has changed. The two programs take turns, because disks are noisy: trust the ratios. `rsync` forces nothing to disk and
reads nothing again, so its time runs until the system has written everything. Then captures, with and without a backup
beside them: see benchmarks/backup_captures.py.

    python -m benchmarks.backup [first increment captures] [--images 100000] [--large 1500] [--rounds 3]
"""

import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.backup_captures import report_captures
from benchmarks.server_process import ROOT

FIRST = datetime(2023, 1, 1, 8, 0, tzinfo=UTC)
IMAGES_A_DAY = 200
LARGE_BYTES = 1_000_000
SMALL_BYTES = 2_000
ROWS_AT_ONCE = 2000
MIN_SHARE = 0.8
# Of a library of 100,000 images.
MAX_INCREMENT_S = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--images", type=int, default=100_000, help="small originals, for the increment")
    parser.add_argument("--large", type=int, default=1500, help="originals of a megabyte, for the first copy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to work; on the disk that is to be measured")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microscope-benchmark-", dir=asked.folder) as folder:
        outcomes = [PARTS[part](Path(folder) / part, asked) for part in asked.parts or PARTS]
    sys.exit(0 if all(outcomes) else 1)


def measure_first_copy(folder: Path, asked: argparse.Namespace) -> bool:
    count = asked.large
    library = Library(folder, count, LARGE_BYTES)
    took_s: dict[str, list[float]] = {"rsync": [], "backup": []}
    for number in range(asked.rounds):
        copied, backups = folder / f"copied-{number}", folder / f"backups-{number}"
        took_s["rsync"].append(time_s(lambda target=copied: library.rsync(target)))
        took_s["backup"].append(time_s(lambda target=backups: library.back_up(target)))
        shutil.rmtree(copied)
        shutil.rmtree(backups)
    print(f"start of the program, in each backup: {time_s(library.start_program):.1f} s")
    report(f"first copy of {count:,} originals of {LARGE_BYTES / 1e6:g} MB", took_s, count * LARGE_BYTES / 1e6)
    return statistics.median(took_s["rsync"]) >= MIN_SHARE * statistics.median(took_s["backup"])


def measure_increment(folder: Path, asked: argparse.Namespace) -> bool:
    count = asked.images
    library = Library(folder, count, SMALL_BYTES)
    backups, first = folder / "backups", folder / "copied"
    print(f"first backup of {count:,} small originals: {time_s(lambda: library.back_up(backups)):.1f} s", flush=True)
    library.rsync(first)
    took_s: dict[str, list[float]] = {"rsync": [], "backup": []}
    for number in range(asked.rounds):
        target = folder / f"copied-{number}"
        took_s["rsync"].append(time_s(lambda target=target: library.rsync(target, f"--link-dest={first}")))
        took_s["backup"].append(time_s(lambda: library.back_up(backups)))
    report(f"increment of {count:,} unchanged originals", took_s)
    return statistics.median(took_s["backup"]) <= MAX_INCREMENT_S


def measure_captures(folder: Path, asked: argparse.Namespace) -> bool:
    folder.mkdir()
    print(f"captures beside a backup of {asked.large:,} originals of {LARGE_BYTES / 1e6:g} MB")
    return report_captures(folder, asked.large, LARGE_BYTES, asked.rounds)


def report(what: str, took_s: dict[str, list[float]], megabytes: float | None = None) -> None:
    medians = {name: statistics.median(times) for name, times in took_s.items()}
    print(what)
    for name, median_s in medians.items():
        rate = f", {megabytes / median_s:.0f} MB/s" if megabytes else ""
        print(f"  {name:8}{median_s:8.1f} s{rate}  ({', '.join(f'{one:.1f}' for one in took_s[name])})")
    print(f"  backup at {medians['rsync'] / medians['backup']:.2f} of the speed of rsync", flush=True)


def time_s(run: Callable[[], object]) -> float:
    """Return the time of the work. The system writes everything before it starts and before it ends."""
    os.sync()
    began_s = time.perf_counter()
    run()
    os.sync()
    return time.perf_counter() - began_s


class Library:
    """Files and rows of a library in a data folder of its own. The files hold noise instead of pictures."""

    def __init__(self, folder: Path, count: int, size_bytes: int) -> None:
        self._data_path = folder / "data"
        self._data_path.mkdir(parents=True)
        self._environment = {
            **os.environ,
            "DATA_PATH": str(self._data_path),
            "DATABASE_URL": "",
            "MINIMUM_FREE_MB": "1",
        }
        self._run(sys.executable, "manage.py", "migrate", "-v0")
        self._run(sys.executable, "-m", "benchmarks.backup_library", str(count), str(size_bytes))

    def back_up(self, target: Path) -> None:
        self._run(sys.executable, "manage.py", "backup", str(target), "--full-speed", "-v0")

    def start_program(self) -> None:
        self._run(sys.executable, "manage.py", "check")

    def rsync(self, target: Path, *options: str) -> None:
        self._run("rsync", "-a", *options, f"{self._data_path / 'images'}/", str(target))

    def _run(self, *command: str) -> None:
        subprocess.run(command, cwd=ROOT, env=self._environment, check=True, stdout=subprocess.DEVNULL)


def make_files(root: Path, count: int, size_bytes: int) -> Iterator[tuple[str, datetime, str]]:
    """Return name, time and hash of each file."""
    noise = random.Random(7)
    for number in range(count):
        moment = FIRST + timedelta(days=number // IMAGES_A_DAY, seconds=number % IMAGES_A_DAY)
        folder = root / f"{moment:%Y-%m-%d}"
        if not number % IMAGES_A_DAY:
            folder.mkdir(parents=True)
        content = noise.randbytes(size_bytes)
        name = f"capture_{moment:%Y%m%d_%H%M%S}_000.jpg"
        (folder / name).write_bytes(content)
        yield name, moment, hashlib.sha256(content).hexdigest()


PARTS: dict[str, Callable[[Path, argparse.Namespace], bool]] = {
    "first": measure_first_copy,
    "increment": measure_increment,
    "captures": measure_captures,
}

if __name__ == "__main__":
    main()
