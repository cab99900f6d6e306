"""The disks of this PC: how much is free, how fast they take a file, and whether pictures can be kept there."""

import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Who waits for the page waits no longer than that for each disk.
MAX_TEST_S = 1.0
BLOCK_BYTES = 4 * 2**20
MAX_BLOCKS = 16
OF_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs", "davfs"}
FIXED, REMOVABLE, REMOTE = 3, 2, 4  # of Windows' GetDriveTypeW


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as a user knows it. `root`: its mount point or drive."""

    root: Path
    is_network: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """What a test of a folder showed. `why_not`: a sentence if no picture can be kept there."""

    folder: Path
    free_bytes: int = 0
    bytes_per_s: float | None = None
    why_not: str = ""


def list_disks() -> list[Disk]:
    """Return the disks that can be written, besides those of the system itself. Empty if the system does not tell
    them."""
    if sys.platform == "win32":
        return list(_list_drives())
    mounts = Path("/proc/self/mounts")
    return list(read_mounts(mounts.read_text(encoding="utf-8", errors="surrogateescape"))) if mounts.exists() else []


def read_mounts(text: str) -> Iterator[Disk]:
    """Yield the disks of /proc/self/mounts: local ones, and folders of other PCs. One disk is mounted only once."""
    seen = set()
    for line in text.splitlines():
        device, place, kind, options = line.split(" ")[:4]
        is_network = kind in OF_NETWORK
        is_disk = device.startswith("/dev/") and not device.startswith("/dev/loop")
        root = Path(_unescape(place))
        # A file that is mounted over a file, as containers do, is no place for a folder.
        if device in seen or not (is_disk or is_network) or "ro" in options.split(",") or not root.is_dir():
            continue
        seen.add(device)
        yield Disk(root, is_network)


def measure(folder: Path, reserve_bytes: int) -> Measured:
    """Write a small file to the folder, force it to disk, read it again and remove it. Blocks for about MAX_TEST_S."""
    try:
        free_bytes = shutil.disk_usage(folder).free
        if free_bytes < reserve_bytes + MAX_BLOCKS * BLOCK_BYTES:
            why_not = f"Too small: {reserve_bytes // 10**6:,} MB stay in reserve (MINIMUM_FREE_MB). Free some space."
            return Measured(folder, free_bytes, why_not=why_not)
        return Measured(folder, free_bytes, _write(folder))
    except OSError as problem:
        return Measured(folder, why_not=f"It cannot be written: {problem.strerror or problem}.")


def _write(folder: Path) -> float:
    """Return how many bytes the disk takes a second. Raises OSError, also if it gives back something else."""
    # A name that the sweep at the start removes, should the program die here.
    attempt = folder / f".try-{secrets.token_hex(8)}.part"
    # Random, so that no disk makes it smaller.
    block = secrets.token_bytes(BLOCK_BYTES)
    began_s = time.monotonic()
    count = 0
    try:
        with attempt.open("x+b", buffering=0) as file:
            while count < MAX_BLOCKS and time.monotonic() - began_s < MAX_TEST_S:
                file.write(block)
                count += 1
            os.fsync(file.fileno())
            took_s = time.monotonic() - began_s
            file.seek(0)
            if any(file.read(BLOCK_BYTES) != block for _ in range(count)):
                raise OSError("it gives back something else than what was written")
    finally:
        attempt.unlink(missing_ok=True)
    return count * BLOCK_BYTES / max(took_s, 1e-6)


def _unescape(place: str) -> str:
    """The kernel writes space, tab, line break and backslash as three octal digits."""
    for octal, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        place = place.replace(octal, letter)
    return place


def _list_drives() -> Iterator[Disk]:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    for letter in "CDEFGHIJKLMNOPQRSTUVWXYZ":
        kind = kernel.GetDriveTypeW(f"{letter}:\\")
        if kind in (FIXED, REMOVABLE, REMOTE):
            yield Disk(Path(f"{letter}:\\"), kind == REMOTE)
