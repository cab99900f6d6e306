"""Keeps the memory small that the program needs. glibc is told to give freed memory back to the system; other C
libraries are left as they are.

glibc gives threads their own heaps, up to eight for each processor. A heap keeps what it once needed. Without these
settings the megabytes that one picture needs for some milliseconds stay in every heap whose thread made a picture.
"""

import ctypes
import gc
import platform
import sys

# From malloc.h. A block larger than the mmap threshold goes back to the system as soon as it is freed. So does the free
# end of a heap beyond the trim threshold. If they are not set, glibc raises both to the largest block ever freed.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
MAX_HEAPS = 2
LARGE_BYTES = 4 * 2**20
# The statistics of the live picture need some megabytes for each frame. To get these from the system each time would
# double the time they take.
KEPT_AT_END_BYTES = 16 * 2**20

_glibc = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def keep_few_heaps() -> None:
    """Limit the number of heaps. Call it before the first thread begins."""
    if _glibc is not None:
        _glibc.mallopt(M_ARENA_MAX, MAX_HEAPS)
        _glibc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        _glibc.mallopt(M_TRIM_THRESHOLD, KEPT_AT_END_BYTES)


def give_back_free_memory() -> None:
    """Give the free memory of all heaps back to the system. Takes some milliseconds."""
    if _glibc is not None:
        _glibc.malloc_trim(0)


def collect_only_what_comes() -> None:
    """Let Python collect garbage, but leave out all objects that are there now. They stay until the end, and to look
    through all of them stops every thread for some hundredths of a second."""
    gc.enable()
    gc.freeze()


def leave_out_postgres() -> None:
    """Keep Django's fields for PostgreSQL out of a process that uses SQLite. The REST framework imports them if it can,
    and with them the driver for PostgreSQL: 10 MB. Call it before the apps load."""
    # An import of a module that is None here fails like that of a missing one (Python: sys.modules).
    sys.modules["django.contrib.postgres.fields"] = None  # type: ignore[assignment]
