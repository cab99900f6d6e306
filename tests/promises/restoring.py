"""A library that is backed up while people use it, and folders to restore it to."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from images.backup.contents.manifest import _sum
from microscope.tests.server_process import NO_ANSWER
from tests.promises.bench import Bench, own_bench
from tests.promises.library import CAMERA, Library, build_library


@dataclass
class BackedUp:
    """`backups`: the folder of backups. `newest`: the last backup, made after all work had ended."""

    bench: Bench
    backups: Path

    @property
    def newest(self) -> Path:
        return sorted(self.backups.glob("backup_*"))[-1]

    @contextmanager
    def a_place(self, folder: Path) -> Iterator[Bench]:
        """Yield a bench with an empty folder, to restore to."""
        folder.mkdir()
        with own_bench(folder) as bench:
            bench.data_path.mkdir()
            bench.is_to_be_prepared = False
            yield bench

    def copy(self, folder: Path) -> Path:
        """Copy the newest backup, so that a test can damage it."""
        return Path(shutil.copytree(self.newest, folder / self.newest.name))


@contextmanager
def backed_up(folder: Path) -> Iterator[BackedUp]:
    """Yield a library with two backups made while images came and went, and one made afterwards."""
    with own_bench(folder) as bench:
        server = bench.serve(**CAMERA)
        library = build_library(bench, server)
        found = BackedUp(bench, folder / "backups")
        with at_work(library):
            for _ in range(2):
                bench.manage("backup", str(found.backups), "--full-speed")
        bench.manage("backup", str(found.backups), "--full-speed")
        server.kill()
        yield found


@contextmanager
def at_work(library: Library) -> Iterator[None]:
    """During the block one user captures and one removes images for good."""
    stop = threading.Event()
    working = [threading.Thread(target=work, args=(library, stop)) for work in (_capture, _remove)]
    for thread in working:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in working:
            thread.join()


def _capture(library: Library, stop: threading.Event) -> None:
    while not stop.is_set():
        library.capture(library.operator)


def _remove(library: Library, stop: threading.Event) -> None:
    while not stop.is_set():
        image = library.capture(library.other_operator)
        library.bench.given_up.add(image["filename"])
        with suppress(*NO_ANSWER):
            library.administrator.must("POST", "/api/v1/images/bin", {"ids": [image["imageId"]]})
            library.administrator.must("POST", "/api/v1/images/bin/empty")


def lie(backup: Path, **said: Any) -> None:
    """Change the manifest and make its checksum fit."""
    content = json.loads((backup / "manifest.json").read_bytes())
    content["manifest"] |= said
    content["sha256"] = _sum(content["manifest"])
    (backup / "manifest.json").write_text(json.dumps(content))


def manifest_of(backup: Path) -> dict[str, Any]:
    return json.loads((backup / "manifest.json").read_bytes())["manifest"]


def originals_in(backup: Path) -> list[Path]:
    return sorted(path for path in backup.glob("images/*/capture_*") if not path.name.endswith(".json"))


def all_tables(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of the library."""
    names = ["images", "jobs", "objectives", "calibrations", "accounts_user", "audit", "image_removals"]
    return {name: bench.database.table(name) for name in names}


def break_row(bench: Bench, sql: str) -> None:
    """Change a row with SQL, so that neither the program nor a sidecar knows."""
    if bench.database.is_postgres:
        with psycopg.connect(bench.database.url) as connection:
            connection.execute(sql)
        return
    import sqlite3

    with closing(sqlite3.connect(bench.database.path)) as connection, connection:
        connection.execute(sql)
