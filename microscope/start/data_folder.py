"""Makes the data folder at the first start, with the key that signs sessions and tokens."""

import errno
import hmac
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from filelock import FileLock, Timeout

from camera.durable_files import PRIVATE, create_file, replace_file

MIN_KEY_LENGTH = 32
HEALING_PATIENCE_S = 10.0
# White space, and the zero bytes that some file systems leave in a file after a power cut.
BLANK = " \t\r\n\0"


def make_data_folder(folder: Path) -> None:
    """Make the folder if it is missing. Raises ImproperlyConfigured if it cannot be made, or cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _try_to_write(folder)
    except OSError as problem:
        raise ImproperlyConfigured(
            f"The data folder {folder} cannot be used: {_describe(folder, problem)} "
            "Change its owner or permissions, connect its drive, or set DATA_PATH to another folder."
        ) from problem


def read_or_make_key(path: Path) -> str:
    """Return the key of this installation. The first start makes it, and two starts at once get the same one. Raises
    ImproperlyConfigured with a sentence that names the file."""
    try:
        if not path.exists():
            # Another start may have made the key at this moment. Then its key counts.
            with suppress(FileExistsError):
                create_file(path, _new_key(), PRIVATE)
        key = path.read_text(encoding="ascii")
        if not key.strip(BLANK):
            key = _replace_blank_key(path)
    except (OSError, Timeout) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ImproperlyConfigured(
            f"The secret key {path} cannot be read or made ({reason}). Start the program as the user who owns it, "
            "or see that its folder can be written and its disk has space."
        ) from problem
    except UnicodeDecodeError:
        key = ""
    if len(key.strip(BLANK)) < MIN_KEY_LENGTH or "\0" in key:
        raise ImproperlyConfigured(
            f"The secret key {path} is damaged. Put a backup of that file in its place, or remove it: "
            "then a new key is made, and everybody signs in again."
        )
    return key


def name_installation(key: str, folder: Path) -> str:
    """Return a lasting name that does not show the key. A copy in another folder has the same key but another name."""
    return hmac.new(key.encode(), os.fsencode(folder), "sha256").hexdigest()[:12]


def _replace_blank_key(path: Path) -> str:
    """Replace an empty key file. Nobody can have signed in with an empty key, so a new key ends no session."""
    with FileLock(path.with_name(f"{path.name}.lock")).acquire(timeout=HEALING_PATIENCE_S):
        key = path.read_text(encoding="ascii")
        if key.strip(BLANK):
            return key
        replace_file(path, _new_key(), PRIVATE)
        sys.stderr.write(f"The secret key {path} was empty. A new one was made.\n")
        return path.read_text(encoding="ascii")


def _new_key() -> bytes:
    return secrets.token_urlsafe(64).encode("ascii")


def _try_to_write(folder: Path) -> None:
    """Write a file as a test, because Windows does not say whether a folder can be written. Raises OSError. A full disk
    is no error: users can still see and remove what is kept there."""
    attempt = folder / f".try-{secrets.token_hex(8)}.part"
    try:
        attempt.touch(exist_ok=False)
        attempt.unlink()
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


def _describe(folder: Path, problem: OSError) -> str:
    if os.path.exists(folder) and not os.path.isdir(folder):
        return "it is a file, not a folder."
    return f"{problem.strerror or problem}."
