"""Commands of an instrument among several, as processes of their own on PostgreSQL and a little store."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from images.tests.commands import ROOT
from images.tests.store.conftest import LYING_KEYS
from images.tests.store.lying_store import LyingStore
from microscope.tests.migrated import own_postgres
from microscope.tests.warm.program import run_program


class SharedLibrary:
    """A database on PostgreSQL, and a store."""

    def __init__(self, url: str, liar: LyingStore) -> None:
        self.url = url
        self.liar = liar

    def start(self, data_path: Path, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start `manage.py arguments` as an instrument with this data folder. Output and errors come as text."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._make_environment(data_path, environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, data_path: Path, *arguments: str, **environment: str) -> tuple[int, str]:
        ended = run_program(["manage.py", *arguments], self._make_environment(data_path, environment), timeout_s=120)
        return ended.returncode, ended.stdout + ended.stderr

    def _make_environment(self, data_path: Path, environment: dict[str, str]) -> dict[str, str]:
        access_key, secret_key = LYING_KEYS
        shared = {
            **{"DATA_PATH": str(data_path), "IMAGE_SAVE_PATH": "images", "DATABASE_URL": self.url},
            **{"MICROSCOPE_ROLE": "instrument", "INSTRUMENT_NAME": data_path.name, "CAMERA_DRIVER": "simulated"},
            **{"S3_ENDPOINT": self.liar.endpoint, "S3_BUCKET": "pictures", "MINIMUM_FREE_MB": "1"},
            **{"S3_ACCESS_KEY": access_key, "S3_SECRET_KEY": secret_key},
        }
        return {**os.environ, **shared, **environment}

    def ask(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(query)
            return found.fetchall() if found.description else []

    def let_leases_end(self) -> None:
        """As if half a minute passed."""
        self.ask("UPDATE instruments SET lease_until = now() - interval '1 second' WHERE lease_id IS NOT NULL")


@contextmanager
def shared_library(server: str, liar: LyingStore) -> Iterator[SharedLibrary]:
    with own_postgres(server, "moving") as address:
        yield SharedLibrary(address, liar)
