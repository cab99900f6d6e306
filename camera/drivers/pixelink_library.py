"""Loading the vendor's library through `pixelinkWrapper`, which has traps of its own.

Importing the wrapper loads the native library at once. It then looks for the library's version by `find` in the folder
PIXELINK_SDK_LIB, in a shell, and parses the name of the file; with the variable unset it searches the current folder.
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
    """The wrapper's class PxLApi, after some milliseconds. Raises CameraLibraryMissing; a later try starts afresh."""
    with _pointing_to_the_library(), _keeping_quiet():
        try:
            from pixelinkWrapper import PxLApi
        except Exception as problem:
            # The boundary to foreign import code, which raises OSError, ValueError, IndexError or
            # CalledProcessError as the installation may be.
            raise errors.CameraLibraryMissing(_say_what_to_do(problem)) from problem
    return PxLApi


def as_c_unsigned(serial_number: str) -> int:
    """A serial number as the library takes it. Raises CameraNotFound for one that no Pixelink camera can have.

    The wrapper declares no argument types: a text would be passed as a pointer, and a number beyond 32 bit cut to
    another one, 0 meaning "any camera".
    """
    digits = serial_number.strip()
    if not digits.isdecimal() or not 0 < int(digits) < 2 ** (8 * ctypes.sizeof(ctypes.c_uint)):
        raise errors.CameraNotFound(f"CAMERA_SERIAL_NUMBER is {serial_number!r}, which is no Pixelink serial number.")
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
    """Tell the wrapper where the library lies if nobody has. Only while it is imported: the library may yet move."""
    found = None if os.name == "nt" or os.environ.get(FOLDER_VARIABLE) else _find_library_file()
    if found is None:
        yield
        return
    os.environ[FOLDER_VARIABLE] = found
    try:
        yield
    finally:
        os.environ.pop(FOLDER_VARIABLE, None)


def _find_library_file() -> str | None:
    """The file itself, so that `find` meets no other name beside it."""
    folders = [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), *USUAL_FOLDERS]
    for folder in filter(None, folders):
        for path in sorted(Path(folder).glob("libPxLApi*.so.*"), reverse=True):
            # The wrapper hands the path to a shell without quotes.
            if VERSIONED_NAME.fullmatch(path.name) and not re.search(r"[^\w./+-]", str(path)):
                return str(path)
    return None


@contextlib.contextmanager
def _keeping_quiet() -> Iterator[None]:
    """The wrapper prints warnings about versions, wrong for newer ones; some consoles cannot even encode them."""
    printed = io.StringIO()
    stdout, sys.stdout = sys.stdout, printed
    try:
        yield
    finally:
        sys.stdout = stdout
    if printed.getvalue().strip():
        logger.debug("pixelinkWrapper says: %s", " ".join(printed.getvalue().split()))
