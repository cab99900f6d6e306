"""Who has the camera: one process only, on this computer and for one data folder."""

import json
import logging
import os
import threading
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from camera.errors import CameraInUse, CameraUnavailable
from camera.frame import CameraIdentity

logger = logging.getLogger(__name__)


class CameraLock:
    """Kept by the one process that may open the camera; the system releases it if that process dies. Any thread may
    take it or give it back: the camera's thread changes when one had to be given up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._change = threading.Lock()
        self._lock: FileLock | None = None

    def acquire(self, purpose: str) -> None:
        """Take the lock, unless this process has it already. Does not wait.

        Raises CameraInUse that says which process has it, or CameraUnavailable where the folder does not allow it.
        """
        with self._change:
            if self._lock is None:
                self._lock = self._take(purpose)

    def release(self) -> None:
        """Give it back; does nothing if it is not held."""
        with self._change:
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

    def _take(self, purpose: str) -> FileLock:
        lock = FileLock(self._folder / "camera.lock", thread_local=False)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            self._holder_path.write_text(json.dumps({"process": os.getpid(), "purpose": purpose}))
        except Timeout as taken:
            raise CameraInUse(f"The camera is in use by {self._describe_holder()}.") from taken
        except OSError as problem:
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


class SeenCamera:
    """Remembers, across restarts, that this installation has had a real camera: from then on it never simulates."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "camera-seen.json"
        self._seen_now: str | None = None

    def remember(self, identity: CameraIdentity) -> None:
        """Raises nothing: a camera that is open must not be lost because a note of it cannot be kept."""
        self._seen_now = f"{identity.model} {identity.serial_number}".strip() or "a real camera"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(asdict(identity), indent=1))
        except OSError as problem:
            logger.error(
                "%s cannot be written: a restart will not know that there was a camera (%s)", self._path, problem
            )

    def recall(self) -> str | None:
        """The camera in words, or None where none was ever seen."""
        if self._seen_now:
            return self._seen_now
        try:
            seen = json.loads(self._path.read_text())
            return f"{seen['model']} {seen['serial_number']}".strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning("%s cannot be read; taking it that a real camera was seen", self._path.name)
            return "a real camera"
