"""Loads the vendor's library through `pixelinkWrapper`.

Importing the wrapper loads the native library at once. To find its version, the wrapper runs `find` on PIXELINK_SDK_LIB
in a shell and parses the file name. If the variable is unset, it searches the current folder.
"""

import contextlib
import ctypes
import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camera import errors

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "PIXELINK_SDK_LIB"
VERSIONED_NAME = re.compile(r"libPxLApi(Lite)?\.so\.\d+\.\d+\.\d+\.\d+")
USUAL_FOLDERS = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib",
    "/opt/PixeLINK/lib",
)


def load_wrapper() -> Any:
    """Return the wrapper's class PxLApi. Takes some milliseconds. Raises CameraLibraryMissing; may be called again
    after an installation."""
    with _pointing_to_the_library(), _keeping_quiet():
        try:
            from pixelinkWrapper import PxLApi
        except Exception as problem:
            # The boundary to foreign import code, which raises OSError, ValueError, IndexError or
            # CalledProcessError as the installation may be.
            raise errors.CameraLibraryMissing(_say_what_to_do(problem)) from problem
    return PxLApi


def as_c_unsigned(serial_number: str) -> int:
    """Return the serial number as the library needs it. Raises CameraNotFound if no Pixelink camera can have it.

    The wrapper declares no argument types. It would pass a text as a pointer, and cut a number beyond 32 bit to another
    number; 0 means "any camera".
    """
    digits = serial_number.strip()
    if not digits.isdecimal() or not 0 < int(digits) < 2 ** (8 * ctypes.sizeof(ctypes.c_uint)):
        raise errors.CameraNotFound(f"Invalid CAMERA_SERIAL_NUMBER: {serial_number!r} is not a Pixelink serial number.")
    return int(digits)


def _say_what_to_do(problem: Exception) -> str:
    if isinstance(problem, ModuleNotFoundError):
        return f"The Python package for Pixelink cameras is missing ({problem}). Install requirements.txt."
    said = f"The Pixelink library could not be loaded ({problem})."
    if isinstance(problem, OSError):
        return f"{said} Install the Pixelink SDK for this system."
    return f"{said} Set {FOLDER_VARIABLE} to the folder that holds libPxLApi.so and, once, libPxLApi.so.<version>."


@contextlib.contextmanager
def _pointing_to_the_library() -> Iterator[None]:
    """Set PIXELINK_SDK_LIB during the import, if it is unset. Only then, because the library may move before the next
    try."""
    found = None if os.name == "nt" or os.environ.get(FOLDER_VARIABLE) else find_library_file()
    if found is None:
        yield
        return
    os.environ[FOLDER_VARIABLE] = found
    try:
        yield
    finally:
        os.environ.pop(FOLDER_VARIABLE, None)


def find_library_file() -> str | None:
    """Return the path of the library file itself, so that `find` matches no other file in its folder."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    folders = [named, *os.environ.get("LD_LIBRARY_PATH", "").split(":"), *USUAL_FOLDERS]
    for folder in filter(None, folders):
        for path in sorted(Path(folder).glob("libPxLApi*.so.*"), reverse=True):
            # The wrapper passes the path to a shell without quotes.
            if VERSIONED_NAME.fullmatch(path.name) and not re.search(r"[^\w./+-]", str(path)):
                return str(path)
    return None


@contextlib.contextmanager
def _keeping_quiet() -> Iterator[None]:
    """Capture what the wrapper prints: its version warnings are wrong for newer versions, and some consoles cannot
    encode them."""
    printed = io.StringIO()
    stdout, sys.stdout = sys.stdout, printed
    try:
        yield
    finally:
        sys.stdout = stdout
    if printed.getvalue().strip():
        logger.debug("pixelinkWrapper says: %s", " ".join(printed.getvalue().split()))
