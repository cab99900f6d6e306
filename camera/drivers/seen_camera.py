"""Remembers if this installation has ever opened a real camera."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from camera.durable_files import replace_file
from camera.frame import CameraIdentity

logger = logging.getLogger(__name__)


class SeenCamera:
    """Remembers, across restarts, that this installation has had a real camera. Then `auto` never simulates again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "camera-seen.json"
        self._seen_now: str | None = None

    def remember(self, identity: CameraIdentity) -> None:
        """Never raises: an open camera must stay usable even if this file cannot be written."""
        self._seen_now = f"{identity.model} {identity.serial_number}".strip() or "a real camera"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(asdict(identity), indent=1).encode())
        except OSError as problem:
            logger.error(
                "Cannot write %s: after a restart the program does not know that there was a camera (%s)",
                self._path,
                problem,
            )

    def recall(self) -> str | None:
        """Return model and serial number of the camera, or None if no real camera was ever opened."""
        if self._seen_now:
            return self._seen_now
        try:
            seen = json.loads(self._path.read_text())
            return f"{seen['model']} {seen['serial_number']}".strip()
        except FileNotFoundError:
            return None
        # If in doubt, do not simulate: users would take simulated pictures for those of their camera.
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning("Cannot read %s: the program assumes that a real camera was seen", self._path.name)
            return "a real camera"
