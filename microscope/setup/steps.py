"""The steps after the password, and the file that remembers the one where the set-up stands."""

import json
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from camera.durable_files import replace_file

STEPS = ("password", "pictures", "camera", "picture")


class Steps:
    """The file is there from the password to the end of the set-up. An installation that never had it, for example
    because the password came from ADMIN_PASSWORD, is not asked anything."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def is_under_way(self) -> bool:
        return self.current is not None

    @property
    def current(self) -> str | None:
        """The step where the set-up stands. None if none is under way. A damaged file means the first step after the
        password."""
        try:
            step = json.loads(self._path.read_text(encoding="utf-8"))["step"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return STEPS[1]
        return step if step in STEPS else STEPS[1]

    def go_to(self, step: str) -> None:
        """Remember the step. If it cannot be written, the set-up goes on all the same: only a later start does not know
        of it."""
        with suppress(OSError):
            replace_file(self._path, json.dumps({"step": step}).encode())

    def finish(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def the_steps() -> Steps:
    return Steps(settings.DATA_PATH / "first-start.json")
