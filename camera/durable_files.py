"""Write small files so that after any fault each file has either its old or its new content, never a part."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TEMPORARY = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.part|\.try-[0-9a-f]{16}\.part", re.ASCII)
# Much longer than it takes to write a small file, so no process can still be writing one this old.
ABANDONED_S = 3600.0
PRIVATE = 0o600
SHARED = 0o666


def replace_file(path: Path, content: bytes, mode: int = SHARED) -> None:
    """Write the file, and replace an existing one. It is safe on disk on return. Raises OSError; then an existing file
    is unchanged."""
    with _written_beside(path, content, mode) as temporary:
        os.replace(temporary, path)
        sync_folder(path.parent)


def create_file(path: Path, content: bytes, mode: int = SHARED) -> None:
    """Write a new file. It is safe on disk on return. Raises FileExistsError if the file exists, and OSError if it
    could not be created."""
    with _written_beside(path, content, mode) as temporary:
        give_name(temporary, path)
        sync_folder(path.parent)


def publish_file(temporary: Path, path: Path) -> None:
    """Force a closed file to disk and give it this name in its folder, in place of an existing file. Both are safe on
    disk on return. Raises OSError."""
    # Windows flushes a file only if it is open for writing.
    descriptor = os.open(temporary, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(temporary, path)
    sync_folder(path.parent)


def sweep_temporaries(folder: Path) -> int:
    """Remove the temporary files that killed processes left in this folder, and return how many. Raises OSError if the
    folder cannot be read. A file that cannot be removed stays."""
    return sum(_is_removed(path) for path in folder.glob(".*.part") if is_abandoned(path))


def is_abandoned(path: Path) -> bool:
    """Return True for a temporary file of this program that no process can still be writing. A date in the future also
    counts as old, because the clock may have been wrong when the file was written."""
    try:
        # `lstat`, because a symbolic link with such a name is not a file of this program.
        is_own = TEMPORARY.fullmatch(path.name) is not None and stat.S_ISREG(path.lstat().st_mode)
        return is_own and abs(time.time() - path.lstat().st_mtime) > ABANDONED_S
    except OSError:
        return False


def give_name(temporary: Path, path: Path, link: Callable[[Path, Path], None] = os.link) -> None:
    """Give the file this name. Its temporary name may stay as well. Raises FileExistsError if the name is taken.

    `link(temporary, path)` makes a hard link, which fails if the name exists. On file systems without hard links the
    file is renamed; between the check and the rename another process could take the name.
    """
    try:
        link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "The name is taken", str(path)) from None
        os.rename(temporary, path)


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names in this folder durable. Does nothing on Windows, which has no such call:
    there the journal of the file system keeps names."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _written_beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Yield a temporary file with that content in the same folder, safe on disk. Its temporary name is removed after
    the block."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        # The file has its mode from the start. With a later chmod others could read a secret for a moment.
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _is_removed(path: Path) -> bool:
    with contextlib.suppress(OSError):
        path.unlink()
        return True
    return False
