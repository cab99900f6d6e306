"""Who has the camera: one process only, on this computer and for one data folder."""

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from camera.errors import CameraInUse
from camera.frame import CameraIdentity

logger = logging.getLogger(__name__)


class CameraLock:
    """Kept by the one process that may open the camera; the system releases it if that process dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: FileLock | None = None

    def acquire(self, purpose: str) -> None:
        """Take the lock, or raise CameraInUse that says which process has it. Does not wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # Not the thread's but the process's lock: the camera's thread changes when one had to be given up.
        lock = FileLock(self._folder / "camera.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as taken:
            raise CameraInUse(f"The camera is in use by {self._describe_holder()}.") from taken
        self._lock = lock
        self._holder_path.write_text(json.dumps({"process": os.getpid(), "purpose": purpose}))

    def release(self) -> None:
        """Give it back; does nothing if it is not held."""
        if self._lock is not None:
            self._holder_path.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    @property
    def is_held(self) -> bool:
        return self._lock is not None

    @property
    def _holder_path(self) -> Path:
        return self._folder / "camera.holder.json"

    def _describe_holder(self) -> str:
        try:
            holder = json.loads(self._holder_path.read_text())
            return f"process {holder['process']} ({holder['purpose']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process of this program"


class SeenCamera:
    """Remembers, across restarts, that this installation has had a real camera: from then on it never simulates."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "camera-seen.json"

    def remember(self, identity: CameraIdentity) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(asdict(identity), indent=1))

    def recall(self) -> str | None:
        """The camera in words, or None where none was ever seen."""
        try:
            seen = json.loads(self._path.read_text())
            return f"{seen['model']} {seen['serial_number']}".strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning("%s cannot be read; taking it that a real camera was seen", self._path.name)
            return "a real camera"
