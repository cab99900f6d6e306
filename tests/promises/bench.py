"""A bench is one place to break things: a folder, a database, the servers on them, and the promises they made."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image as Picture

from camera.durable_files import TEMPORARY
from microscope.tests.warm.program import run_program
from tests.promises.databases import Database, own_database
from tests.promises.server import PASSWORD, Server

IS_LONG = os.environ.get("PROMISES", "") == "long"
TOKEN_LASTS_S = 600.0
FINISHING_S = 10.0

CHANGES = ".sidecar.json"
NOTHING_SAID = {"revision": 0, "values": {"binnedAt": None}}


class Bench:
    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database
        self.data_path = folder / "data"
        self.images_path = self.data_path / "images"
        self.promised: dict[str, dict[str, Any]] = {}
        self.given_up: set[str] = set()
        self.servers: list[Server] = []
        # False: the first start finds what is there, for example half of a restore.
        self.is_to_be_prepared = True
        self._settings: dict[str, str] = {}
        self._decoded: set[str] = set()
        self._token = ""
        self._token_made_at_s = float("-inf")

    def start(self, plan: dict[str, Any] | None = None, **environment: str) -> Server:
        """Start a server. It may not answer yet, or never."""
        if self.is_to_be_prepared and not self.servers:
            self.database.make_tables()
        driver = "pixelink" if "standin" in (plan or {}) else "simulated"
        settings = {"CAMERA_DRIVER": driver, **self._all_settings(), **environment}
        self.servers.append(Server(self.data_path, plan, **settings))
        return self.servers[-1]

    def manage(self, *arguments: str) -> str:
        """Run `manage.py`, with or without a server beside it, and return what it prints. It must succeed."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` until it ends, in success or failure."""
        environment = {**os.environ, "DATA_PATH": str(self.data_path), **self._all_settings()}
        return run_program(["manage.py", *arguments], environment, timeout_s=300)

    def serve(self, plan: dict[str, Any] | None = None, **environment: str) -> Server:
        """Start a server, wait until it answers, and sign its `client` in."""
        return self.sign_in(self.start(plan, **environment).wait_until_answering())

    def sign_in(self, server: Server) -> Server:
        """Use one token for all servers: it stays valid when a server ends, and making one is slow."""
        if time.monotonic() - self._token_made_at_s > TOKEN_LASTS_S:
            server.wait_until(lambda: server.client.ask("GET", "/health").body["checks"]["database"] == "ok")
            self._token = server.client.log_in().token
            self._token_made_at_s = time.monotonic()
        server.client.token = self._token
        return server

    def _all_settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database.url,
            "ADMIN_PASSWORD": PASSWORD,
            "MINIMUM_FREE_MB": "1",
            "SERVICE_TIMEOUT": "60000",  # on a busy machine even a healthy camera is slow
            **self._settings,
        }

    def keep_images_at(self, folder: Path) -> None:
        """Keep the images in this folder and not in the data folder."""
        self.images_path = folder
        self._settings["IMAGE_SAVE_PATH"] = str(folder)

    def note(self, answer: dict[str, Any]) -> None:
        """Remember a successful answer: from now on the program must keep what it says."""
        self.promised[answer["filename"]] = answer

    def database_says(self, promise: dict[str, Any]) -> bool:
        row = self.database.rows().get(promise["filename"])
        return row is not None and row.sha256 == promise["sha256"]

    def originals(self) -> dict[str, Path]:
        found = self.images_path.glob("????-??-??/capture_*")
        return {path.name: path for path in found if not path.name.endswith(CHANGES)}

    def stray_sidecars(self) -> list[Path]:
        """Return the sidecars whose originals are gone."""
        found = self.images_path.glob(f"????-??-??/*{CHANGES}")
        return [path for path in found if not path.with_name(path.name.removesuffix(CHANGES)).exists()]

    def parted(self) -> list[str]:
        """Return the images whose row differs from the last revision in their sidecar."""
        originals, found = self.originals(), []
        for row in self.database.table("images"):
            path = originals.get(row["filename"])
            beside = path and path.with_name(path.name + CHANGES)
            said = json.loads(beside.read_bytes()) if beside and beside.exists() else NOTHING_SAID
            is_binned = said["values"]["binnedAt"] is not None
            if (said["revision"], is_binned) != (row["revision"] or 0, row["binned_at"] is not None):
                found.append(row["filename"])
        return found

    def temporaries(self) -> list[Path]:
        """Return the temporary files that were neither finished nor removed. Notes of the program about itself, such as
        who has the camera, are no pictures: a start removes what a kill left of them only after an hour."""
        hidden = [path for path in self.images_path.rglob(".*") if path.name != ".microscope-archive"]
        notes = {path for path in self.data_path.glob(".*.part") if TEMPORARY.fullmatch(path.name)}
        parts = set(self.data_path.rglob("*.part")) - notes
        return [*parts, *self.data_path.rglob("*.tmp"), *hidden]

    def assert_nothing_half_is_left(self) -> None:
        """Wait for temporary files to go: a running server finishes what it writes, such as a thumbnail."""
        until_s = time.monotonic() + FINISHING_S
        left = self.temporaries()
        while left and time.monotonic() < until_s:
            time.sleep(0.02)
            found = self.temporaries()
            left = [path for path in left if path in found]
        assert not left, left

    def is_in_order(self) -> bool:
        """Return True if every file has a row that agrees and no half file is left. A start must bring this about."""
        is_listed = set(self.database.rows()) == set(self.originals())
        return is_listed and not self.temporaries() and not self.stray_sidecars() and not self.parted()

    def assert_promises_kept(self) -> None:
        """Every promise is kept, and no other files are left."""
        self.assert_nothing_half_is_left()
        self.assert_all_is_kept()

    def assert_all_is_kept(self) -> None:
        """Every original is whole and agrees with its row; everything that was promised is there, unchanged. Half files
        of a kill may be left until the next start."""
        assert self.parted() == []
        rows, originals = self.database.rows(), self.originals()
        assert set(rows) - set(originals) == set(), "rows without a file"
        assert set(originals) - set(rows) == set(), "files without a row"
        assert len({row.record_id for row in rows.values()}) == len(rows)
        for filename, path in originals.items():
            self._require_whole(path)
            assert sha256_of(path) == rows[filename].sha256, filename
        for filename, promise in self.promised.items():
            if filename not in self.given_up:
                assert rows[filename].sha256 == promise["sha256"], filename
                assert rows[filename].record_id == promise["metadata"]["recordId"].replace("-", "")

    def _require_whole(self, path: Path) -> None:
        """Decode every pixel of a file, once. After that, comparing its SHA-256 with the row is enough."""
        if path.name not in self._decoded:
            with Picture.open(path) as picture:
                picture.load()
            self._decoded.add(path.name)

    def close(self) -> None:
        for server in self.servers:
            server.kill()


@contextmanager
def own_bench(folder: Path) -> Iterator[Bench]:
    """Yield a bench. At the end its servers are stopped and its database is removed."""
    with own_database(folder) as database, bench_on(folder, database) as bench:
        yield bench


@contextmanager
def bench_on(folder: Path, database: Database) -> Iterator[Bench]:
    bench = Bench(folder, database)
    try:
        yield bench
    finally:
        bench.close()


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
