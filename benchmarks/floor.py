"""The floor of a capture: the plainest code that keeps a picture."""

import os
import sqlite3
import threading
import time
from pathlib import Path

from PIL import Image


class Floor:
    """Encode, write, fsync, insert a row, commit. Nothing else."""

    def __init__(self, folder: Path, picture: Image.Image) -> None:
        self._folder = folder
        self._picture = picture
        self._local = threading.local()
        with self._connect() as connection:
            connection.execute("CREATE TABLE images (id INTEGER PRIMARY KEY, filename TEXT UNIQUE, size INTEGER)")

    def keep(self) -> None:
        path = self._folder / f"{time.time_ns()}-{threading.get_ident()}.jpg"
        with path.open("wb") as file:
            self._picture.save(file, "JPEG", quality=95)
            file.flush()
            os.fsync(file.fileno())
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        with self._local.connection as connection:
            connection.execute("INSERT INTO images (filename, size) VALUES (?, ?)", (path.name, path.stat().st_size))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._folder / "floor.sqlite3", timeout=20)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection
