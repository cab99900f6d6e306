"""A lock on the camera: one process on this computer may have it, for one data folder."""

import json
import logging
import os
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from camera.durable_files import replace_file
from camera.errors import CameraInUse, CameraUnavailable

logger = logging.getLogger(__name__)


class CameraLock:
    """Held by the process that may open the camera. The system releases it if that process dies. Any thread may take or
    release it, because a new camera thread replaces one that hangs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._change = threading.Lock()
        self._lock: FileLock | None = None

    def acquire(self, purpose: str) -> None:
        """Take the lock, unless this process has it already. Does not wait.

        Raises CameraInUse, which names the other process, or CameraUnavailable if the folder cannot be written.
        """
        with self._change:
            if self._lock is None:
                self._lock = self._take(purpose)

    def release(self) -> None:
        """Release the lock. Does nothing if it is not held."""
        with self._change:
            if self._lock is not None:
                # Remove it before the release. After that it may be the file of the next process.
                self._holder_path.unlink(missing_ok=True)
                self._lock.release()
                self._lock = None

    @property
    def is_held(self) -> bool:
        return self._lock is not None

    @property
    def _holder_path(self) -> Path:
        return self._folder / "camera.holder.json"

    def _take(self, purpose: str) -> FileLock:
        lock = FileLock(self._folder / "camera.lock", thread_local=False)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            # Written only with the lock in hand, so that it names the process that has the camera.
            holder = {"process": os.getpid(), "purpose": purpose}
            replace_file(self._holder_path, json.dumps(holder).encode())
        except Timeout as taken:
            raise CameraInUse(f"The camera is in use by {self._describe_holder()}.") from taken
        except (OSError, NotImplementedError) as problem:  # the latter from a file system that knows no locks
            lock.release()
            raise CameraUnavailable(
                f"The data folder cannot be written, so the camera stays closed ({problem})."
            ) from problem
        return lock

    def _describe_holder(self) -> str:
        try:
            holder = json.loads(self._holder_path.read_text())
            return f"process {holder['process']} ({holder['purpose']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process of this program"
