"""Tries a backup out: restores it to a throw-away place and compares it there, as a person would do after a loss.

It runs the same commands that a person would run, as processes of their own. `restore` compares sums and numbers of
rows with the manifest. `verify` compares each row with its original and its sidecar.
"""

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from django.db import connection
from psycopg import sql

from images.archive.paced_reader import StopRequested
from images.backup.contents.manifest import Manifest
from images.backup.database.postgres_dump import connect_alone
from images.backup.errors import BackupDamaged, BackupError
from images.backup.other_process import run_command
from images.backup.restoring.place import UNFINISHED

INTERRUPTED = 128
DATABASE_SUFFIX = "_drill"
MARK = "drill-of-microscope"
# Settings of this installation must not apply to the throw-away place.
NEUTRAL = {"IMAGE_SAVE_PATH": "images", "CAMERA_DRIVER": "simulated", "CAMERA_SERIAL_NUMBER": "", "BACKUP_TO": ""}


class Drill:
    """A drill of one backup. `manage` is the program's `manage.py`."""

    def __init__(
        self,
        backup: Path,
        manifest: Manifest,
        place: Path,
        manage: Path,
        options: list[str],
        stop: threading.Event,
        tell: Callable[[str], object],
    ) -> None:
        """`place`: a folder that is made, and removed afterwards. `options`: the options of both commands. `tell` is
        called with each line that they print."""
        self._backup = backup
        self._manifest = manifest
        self._place = place
        self._manage = manage
        self._options = options
        self._stop = stop
        self._tell = tell

    def run(self) -> int:
        """Return the exit codes of `restore` and `verify` together: 0 if the backup brings everything back. Raises a
        BackupError, OSError, or StopRequested. The place is removed in any case."""
        with self._thrown_away() as environment:
            code = self._command("restore", environment, str(self._backup))
            # Other codes of `restore` mean that it finished with findings; then `verify` still tells which rows have no
            # file.
            if (self._place / UNFINISHED).exists() or code == 1:
                raise BackupDamaged(f"{self._backup} could not be restored: see above.")
            return code | self._command("verify", environment)

    def _command(self, name: str, environment: dict[str, str], *arguments: str) -> int:
        command = [name, *arguments, *self._options]
        code = run_command(self._manage, command, environment, self._stop, self._tell)
        if self._stop.is_set():
            raise StopRequested
        if code < 0 or (code in (1, 2) and name == "verify"):
            raise BackupError(f"manage.py {name} ended with {code} in the drill: see above.")
        return code

    @contextmanager
    def _thrown_away(self) -> Iterator[dict[str, str]]:
        """Yield the environment of a throw-away folder and database. Removes what an earlier drill left behind."""
        self._remove_folder()
        self._place.mkdir(parents=True)
        (self._place / MARK).touch()
        try:
            with _database() as address:
                key = secrets.token_urlsafe(48)
                yield {**NEUTRAL, "DATA_PATH": str(self._place), "DATABASE_URL": address, "SECRET_KEY": key}
        finally:
            self._remove_folder()

    def _remove_folder(self) -> None:
        """Remove the folder, if a drill made it. Raises BackupError for any other folder."""
        if not self._place.exists():
            return
        if not (self._place / MARK).exists():
            # Without the mark, the folder may hold somebody's data.
            raise BackupError(f"There is something at {self._place}. Name another place for the drill, which is new.")
        shutil.rmtree(self._place)


@contextmanager
def _database() -> Iterator[str]:
    """Yield the address of an empty database. For SQLite it is empty, which means a file in the data folder."""
    if connection.vendor == "sqlite":
        yield ""
        return
    name = f"{connection.settings_dict['NAME']}{DATABASE_SUFFIX}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    with connect_alone(is_at_once=True) as server:
        try:
            server.execute(drop)
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except Exception as problem:
            # The boundary to the server: whatever its reason to refuse, the drill cannot be made.
            raise BackupError(
                f"The drill needs a database of its own, {name}, and could not make it ({problem}). Let the user of "
                "DATABASE_URL create databases."
            ) from problem
    try:
        yield _address_of(name)
    finally:
        with connect_alone(is_at_once=True) as server:
            server.execute(drop)


def _address_of(name: str) -> str:
    # Each part is quoted: passwords contain characters such as "@" and "/", which have a meaning in an address.
    known = connection.settings_dict
    account = ":".join(quote(known[part], safe="") for part in ("USER", "PASSWORD") if known[part])
    host = quote(known["HOST"], safe="") + (f":{known['PORT']}" if known["PORT"] else "")
    named = {key: known["OPTIONS"][key] for key in ("sslmode", "sslrootcert") if key in known["OPTIONS"]}
    options = f"?{urlencode(named)}" if named else ""
    return f"postgres://{account}{'@' if account else ''}{host}/{quote(name, safe='')}{options}"
