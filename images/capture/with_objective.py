"""Changes the settings of the camera together with its objective: both, or neither."""

import logging
from collections.abc import Callable
from dataclasses import asdict, fields

from django.db import Error as DatabaseProblem

from camera.drivers.settings import Settings
from camera.engine.requests import Permit
from camera.errors import CameraError
from camera.service import Camera
from images.errors import LibraryError

logger = logging.getLogger(__name__)


def change_with_objective(
    camera: Camera, configure: Callable[[], Settings], choose: Callable[[], None], permit: Permit
) -> Settings:
    """Configure the camera, then choose the objective. If the camera refuses, the objective stays. If the objective
    cannot be chosen, the camera gets its former settings back, under the same permit. Returns the settings that the
    camera accepted.

    Blocks, perhaps for a long exposure. So this is no database transaction, which would lock rows meanwhile. Raises
    what `configure` and `choose` raise.
    """
    camera.limits()  # opens the camera, so that its status has settings
    before = camera.status().settings
    accepted = configure()
    try:
        choose()
    except (LibraryError, DatabaseProblem):
        if before is not None:
            _set_back(camera, before, accepted, permit)
        raise
    return accepted


def _set_back(camera: Camera, before: Settings, accepted: Settings, permit: Permit) -> None:
    """Give the camera its former settings back. An error of the camera is only logged: the user must see the error of
    the objective."""
    changed = {
        one.name: getattr(before, one.name)
        for one in fields(Settings)
        if getattr(before, one.name) != getattr(accepted, one.name)
    }
    try:
        camera.configure(permit=permit, **changed)
    except CameraError as problem:
        logger.warning("The camera could not be set back to %s: %s", asdict(before), problem)
