"""Which version of the maker's library is installed, read from its file. Loads nothing."""

import contextlib
import ctypes
import ctypes.util
import os
import re
from typing import Any

from camera.drivers.pixelink.library import find_library_file

WINDOWS_FILE = "PxLAPI40.dll"
# Where the numbers are in VS_FIXEDFILEINFO, which has 13 of 32 bit.
FIXED_NUMBERS, HIGH, LOW = 13, 2, 3


def find_version() -> str | None:
    """Return such as 4.2.6.29; None if there is no library, empty if its version cannot be read."""
    path = ctypes.util.find_library(WINDOWS_FILE) if os.name == "nt" else find_library_file()
    if path is None:
        return None
    return _read_version_of_dll(path) if os.name == "nt" else _version_in(path)


def _version_in(path: str) -> str:
    named = re.search(r"\.so\.([\d.]+)$", path)
    return named[1] if named else ""


def _read_version_of_dll(path: str) -> str:
    """Ask Windows for the version of a file. Empty if it does not say."""
    with contextlib.suppress(OSError, AttributeError):
        version: Any = ctypes.WinDLL("version")  # type: ignore[attr-defined]
        data = ctypes.create_string_buffer(version.GetFileVersionInfoSizeW(path, None))
        found, size = ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_uint()
        is_read = len(data) and version.GetFileVersionInfoW(path, 0, len(data), data)
        if is_read and version.VerQueryValueW(data, "\\", ctypes.byref(found), ctypes.byref(size)):
            numbers = [found[place] for place in range(min(size.value // 4, FIXED_NUMBERS))]
            high, low = numbers[HIGH], numbers[LOW]
            return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
    return ""
