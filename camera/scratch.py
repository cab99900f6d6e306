"""A place to encode a picture to, where other threads can run meanwhile."""

import os
import tempfile
from typing import BinaryIO


def open_scratch_file() -> BinaryIO:
    """A real file that nobody else sees, in memory where the system can; gone once it is closed.

    Real, because Pillow lets other threads run only while it writes to a file descriptor.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return tempfile.TemporaryFile()
