"""System checks of the role: what an instrument and a library need, and which rows belong to which role."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import connection

from camera.drivers.names import NO_CAMERA
from images.errors import DATABASE_AWAY
from images.roles import RowsOfAnotherRole, require_rows_of_this_role
from microscope.start.database.address import SQLITE

MAX_NAME = 100
# Settings that do nothing on a library without a camera. A person who sets one expects something.
ONLY_WITH_ORIGINALS = {
    "BACKUP_TO": "Back up the database with its own means, and the store with its own.",
    "KEEP_LOCAL_DAYS": "Set it on the instruments.",
    "EVICT_BELOW_MB": "Set it on the instruments.",
    "JOB_WEBHOOK_URL": "Set it on the instruments: each tells of its own jobs.",
    "JOB_PING_URL": "Set it on the instruments: each tells of its own jobs.",
    "JOB_EMAIL_TO": "Set it on the instruments: each tells of its own jobs.",
}


@register
def check_role(**_: Any) -> list[CheckMessage]:
    """Refuse a role without the database and the store that all instruments share."""
    role, found = settings.MICROSCOPE_ROLE, []
    if role and settings.DATABASE["ENGINE"] == SQLITE:
        hint = "Set DATABASE_URL to the database of all instruments: postgres://user:password@host/microscope"
        found.append(Error(f"MICROSCOPE_ROLE={role} needs PostgreSQL.", hint=hint, id="microscope.E010"))
    if role and not settings.S3_BUCKET:
        hint = "Set S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY; S3_ENDPOINT, too, if it is not AWS."
        found.append(Error(f"MICROSCOPE_ROLE={role} needs an object store.", hint=hint, id="microscope.E010"))
    if role == "instrument" and len(settings.INSTRUMENT_NAME) > MAX_NAME:
        said = f"INSTRUMENT_NAME has more than {MAX_NAME} characters."
        found.append(Error(said, hint="Choose a shorter one.", id="microscope.E010"))
    return found  # type: ignore[return-value]


@register
def check_driver_of_role(**_: Any) -> list[CheckMessage]:
    """Refuse a camera on a library, and no camera on an instrument: nothing may simulate into the library."""
    is_library, driver = settings.MICROSCOPE_ROLE == "library", settings.CAMERA_DRIVER
    if is_library == (driver == NO_CAMERA):
        return []
    if is_library:
        said, hint = f"CAMERA_DRIVER is {driver}, but a library has no camera.", "Set it to none, or leave it empty."
    else:
        said, hint = "CAMERA_DRIVER=none needs MICROSCOPE_ROLE=library.", "Set one of the two to another value."
    return [Error(said, hint=hint, id="microscope.E011")]


@register
def check_settings_of_role(**_: Any) -> list[CheckMessage]:
    """Refuse settings that would silently do nothing on a library."""
    if settings.MICROSCOPE_ROLE != "library":
        return []
    return [
        Error(f"{name} is set, but a library keeps no originals and runs no jobs.", hint=hint, id="microscope.E012")
        for name, hint in ONLY_WITH_ORIGINALS.items()
        if getattr(settings, name)
    ]


@register
def check_rows_of_role(**_: Any) -> list[CheckMessage]:
    """Stop every command that would mix the rows of a PC alone with those of instruments. A database that does not
    answer, or has no tables yet, is no error here: the start looks again."""
    try:
        require_rows_of_this_role()
    except RowsOfAnotherRole as problem:
        return [Error(str(problem), hint=problem.todo, id="microscope.E013")]
    except DATABASE_AWAY:
        return []
    finally:
        connection.close()
    return []
