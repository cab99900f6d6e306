"""A small disk for originals. Tests fill it up, make it read-only and pull it out."""

import os
import resource
import subprocess
from pathlib import Path

from tests.promises.server import Server

SIZE_MB = 24


class Disk:
    """A disk with the folder `images`. It is a file system of its own if this user may mount one. Else the same faults
    are made by other means: permissions, and a limit to the size of files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.images = folder / "images"
        self.is_mounted = self._mount(f"size={SIZE_MB}m", "-t", "tmpfs", "tmpfs")
        self.codes_when_full = {"disk_full"} if self.is_mounted else {"storage_not_writable"}

    def fill(self, server: Server, leave_bytes: int) -> None:
        if not self.is_mounted:
            resource.prlimit(server.process_id, resource.RLIMIT_FSIZE, (leave_bytes, resource.RLIM_INFINITY))
            return
        free_bytes = os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize
        (self.folder / "something else").write_bytes(bytes(free_bytes - leave_bytes))

    def empty(self, server: Server) -> None:
        (self.folder / "something else").unlink(missing_ok=True)
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(server.process_id, resource.RLIMIT_FSIZE, unlimited)

    def allow_writing(self, is_allowed: bool) -> None:
        if self.is_mounted:
            assert self._mount("remount,rw" if is_allowed else "remount,ro")
            return
        for folder in [self.images, *self.images.glob("????-??-??")]:
            folder.chmod(0o755 if is_allowed else 0o555)

    def pull_out(self) -> None:
        """Take the disk away. An empty folder stays in its place, as if a drive is not mounted."""
        self.images.rename(self.folder / "in a pocket")
        self.images.mkdir()

    def put_back(self) -> None:
        self.images.rmdir()
        (self.folder / "in a pocket").rename(self.images)

    def __enter__(self) -> "Disk":
        return self

    def __exit__(self, *_: object) -> None:
        self.allow_writing(True)
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def _mount(self, options: str, *what: str) -> bool:
        command = ["mount", *what[:-1], "-o", options, *what[-1:], str(self.folder)]
        return subprocess.run(command, capture_output=True).returncode == 0
