"""Lets the disk begin with a file that will be forced to disk soon, so that there is less to wait for then."""

import ctypes
import sys
from typing import BinaryIO

# linux/fs.h. Without the flags that wait, errors are left for `fsync` to report.
SYNC_FILE_RANGE_WRITE = 2


def begin_write_back(file: BinaryIO) -> None:
    """Let the operating system begin to write what the file holds, if it can be told so. Returns at once, or once the
    disk has room for more work. Nothing is safe by it: that only `fsync` says."""
    if sys.platform == "linux":
        # The whole file is from byte 0 to its end, which is called 0 too.
        _libc.sync_file_range(file.fileno(), ctypes.c_int64(0), ctypes.c_int64(0), SYNC_FILE_RANGE_WRITE)


if sys.platform == "linux":
    _libc = ctypes.CDLL(None)
