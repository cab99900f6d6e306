"""Reads the whole status. Page, report, API and `manage.py doctor` call this one verb."""

import logging
from collections.abc import Callable
from functools import partial

from django.http import HttpRequest
from django.utils import timezone

from camera.registry import the_camera
from images.errors import DATABASE_AWAY
from microscope.status.groups.camera import read_camera
from microscope.status.groups.control import read_control
from microscope.status.groups.disk import read_disk
from microscope.status.groups.program import read_program
from microscope.status.groups.records import read_database, read_safety, read_verification
from microscope.status.groups.spool import read_spool
from microscope.status.groups.store import read_store
from microscope.status.groups.webhooks import read_webhooks
from microscope.status.groups.work import read_clock, read_jobs
from microscope.status.line import Group, Line, Status, not_measured
from microscope.status.running import Running, ask_running_program

logger = logging.getLogger(__name__)

# A check returns its lines. If it fails, a line with its name says so.
Check = tuple[str, Callable[[], list[Line]]]


def read_status(request: HttpRequest) -> Status:
    """Read the status inside the server, for the request that asks. Takes some milliseconds, however large the library
    is. Never raises."""
    return _read(Running(is_here=True, request=request))


def read_status_from_outside() -> Status:
    """Read the status in another process. It asks the server if one runs, opens no camera, and writes a test file to
    the disk. Blocks for at most some seconds. Never raises."""
    return _read(ask_running_program())


def _read(running: Running) -> Status:
    groups = tuple(Group(name, tuple(_run(checks))) for name, checks in list_checks(running).items())
    return Status(timezone.now(), groups)


def list_checks(running: Running) -> dict[str, list[Check]]:
    """Return the checks of each group, in the order in which they are shown."""
    if the_camera().is_absent:
        return list_checks_of_a_library(running)
    return {
        "Instrument": [
            ("Camera", partial(read_camera, running)),
            ("Control", partial(read_control, running)),
            ("Jobs", partial(read_jobs, running)),
            ("Clock", partial(read_clock, running)),
        ],
        "Pictures": [
            ("Disk", partial(read_disk, running)),
            ("Database", partial(read_database, running)),
            ("Verification", read_verification),
            ("Store", partial(read_store, running)),
            ("Spool", partial(read_spool, running)),
        ],
        "Safety": [("Backup", read_safety), ("Webhooks", read_webhooks)],
        "Program": [("Program", partial(read_program, running))],
    }


def list_checks_of_a_library(running: Running) -> dict[str, list[Check]]:
    """Return the checks of a library without a camera. Each instrument has its own checks of camera, jobs, disk, spool
    and backups."""
    return {
        "Pictures": [("Database", partial(read_database, running)), ("Store", partial(read_store, running))],
        "Safety": [("Webhooks", read_webhooks)],
        "Program": [("Program", partial(read_program, running))],
    }


def _run(checks: list[Check]) -> list[Line]:
    lines = []
    for name, check in checks:
        try:
            lines += check()
        except DATABASE_AWAY:
            lines.append(not_measured(name, "The database gave no answer"))
        except Exception:
            # The boundary of a check: one that fails must not hide the others.
            logger.exception("The status of %s could not be read", name)
            lines.append(not_measured(name, "It could not be read: see the log"))
    return lines
