"""Finds and runs PostgreSQL's own programs that copy a database and restore a copy."""

import errno
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from images.archive.paced_reader import StopRequested
from images.backup.copying import disk_full
from images.backup.errors import BackupError, DatabaseProgramMissing

# Installers put the programs here without adding the folder to PATH.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/*/bin",
    "/usr/local/opt/*/bin",
    "/Library/PostgreSQL/*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
LOOK_EVERY_S = 0.1
ENDING_S = 10.0
SHOWN_CHARACTERS = 500


def find_program(name: str, server_version: int, places: tuple[str, ...] = PLACES) -> Path:
    """Return the path of `pg_dump` or `pg_restore`, in a version that is not older than the server. `server_version` is
    the first number of the version, such as 16. Raises DatabaseProgramMissing."""
    found = {path: read_version(path) for path in _find_all(name, places)}
    fitting = [path for path, version in found.items() if version and version >= server_version]
    if fitting:
        return fitting[0]
    known = [version for version in found.values() if version]
    problem = f"is older than the server: {max(known)}, and the server is {server_version}" if known else "is missing"
    raise DatabaseProgramMissing(
        f"PostgreSQL's program {name} {problem}. Install PostgreSQL's client programs of version {server_version} or "
        f"newer (on Debian: postgresql-client-{server_version}), or add their folder to PATH."
    )


def read_version(program: Path) -> int | None:
    """Return the first number of the program's version. Returns None if the program cannot be run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"(\d+)(?:\.\d+)*", said)
    return int(number[1]) if number else None


def run_program(command: list[str], password: str, stop: threading.Event, folder: Path) -> None:
    """Run a program until it ends. `folder` is the folder to which it writes. Raises StopRequested once `stop` is set,
    and a BackupError with the program's own message if it fails."""
    # In the environment, because everybody on the computer can read the arguments of a process. "LC_ALL": messages in
    # English, for the comparison below.
    environment = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        said = _wait(process, stop)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(ENDING_S)
    if process.returncode and os.strerror(errno.ENOSPC) in said:
        raise disk_full(folder)
    if process.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {' '.join(said.split())[:SHOWN_CHARACTERS]}")


def _wait(process: subprocess.Popen[str], stop: threading.Event) -> str:
    while True:
        try:
            # `communicate` may be called again after a timeout. It keeps what it has read so far.
            return process.communicate(timeout=LOOK_EVERY_S)[1]
        except subprocess.TimeoutExpired:
            if stop.is_set():
                raise StopRequested from None


def _find_all(name: str, places: tuple[str, ...]) -> Iterator[Path]:
    if on_path := shutil.which(name):
        yield Path(on_path)
    suffix = ".exe" if os.name == "nt" else ""
    for place in places:
        root, _star, rest = place.partition("*")
        parent, beginning = os.path.split(root)
        for folder in sorted(Path(parent).glob(f"{beginning}*{rest}"), reverse=True):
            if (folder / f"{name}{suffix}").exists():
                yield folder / f"{name}{suffix}"
