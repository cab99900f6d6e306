"""System checks of settings that are only wrong together, and of the place where data are kept."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import get_resolver

from images.backup.restoring.place import Place
from images.store.connection import is_installed
from images.store.errors import StoreNotInstalled
from microscope.start.database.address import SQLITE
from microscope.start.database.file import describe_fault
from microscope.start.database.newer import describe_newer_database

NEEDS_BUCKET = (
    *("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_PUBLIC_URL", "S3_LOCK_DAYS"),
    *("KEEP_LOCAL_DAYS", "EVICT_BELOW_MB"),
)


@register
def check_root_path(**_: Any) -> list[CheckMessage]:
    """Refuse a root path that is also the start of an own address. With `/images` nobody could tell whether `/images/`
    is the gallery or the live page."""
    first = settings.ROOT_PATH.split("/")[1] if settings.ROOT_PATH else ""
    if first not in _first_words():
        return []
    return [
        Error(
            f"ROOT_PATH={settings.ROOT_PATH} begins as addresses of the program itself do.",
            hint="Choose another path, such as /microscope, here and in the reverse proxy.",
            id="microscope.E001",
        )
    ]


@register
def check_database(**_: Any) -> list[CheckMessage]:
    """Stop every command if the database cannot be used, or if this version would misread it. A database that does not
    answer is no error here: it may come back, and the code that needs it reports the error then."""
    database = settings.DATABASES["default"]
    is_file = database["ENGINE"] == SQLITE
    fault = describe_fault(Path(database["NAME"])) if is_file else None
    # If the file is missing, this look would make it.
    if fault is None and not (is_file and not os.path.exists(database["NAME"])):
        fault = describe_newer_database()
    return [Error(fault, id="microscope.E003")] if fault else []


@register
def check_restore(**_: Any) -> list[CheckMessage]:
    """Stop every command but `restore` while a restore is unfinished: half of the library is missing."""
    begun = Place(settings.DATA_PATH, settings.IMAGE_SAVE_PATH).begun_restore()
    if begun is None:
        return []
    unfinished = f"The restore of {begun} is not finished."
    return [Error(unfinished, hint="Run manage.py restore again: it goes on from there.", id="microscope.E004")]


@register
def check_backup_folder(**_: Any) -> list[CheckMessage]:
    """Refuse a backup folder inside the data folder: both would be lost together."""
    kept = (settings.DATA_PATH, settings.IMAGE_SAVE_PATH)
    if settings.BACKUP_TO is None or not any(settings.BACKUP_TO.is_relative_to(folder) for folder in kept):
        return []
    inside = f"BACKUP_TO={settings.BACKUP_TO} lies in a folder that is to be backed up."
    return [Error(inside, hint="Choose a folder on another disk.", id="microscope.E005")]


@register
def check_notices(**_: Any) -> list[CheckMessage]:
    """Refuse half a way to tell somebody about jobs: it would be found out in the night."""
    missing = []
    if settings.JOB_WEBHOOK_URL and not settings.JOB_WEBHOOK_SECRET:
        missing.append(("JOB_WEBHOOK_URL", "JOB_WEBHOOK_SECRET"))
    if settings.JOB_EMAIL_TO and not settings.EMAIL_HOST:
        missing.append(("JOB_EMAIL_TO", "EMAIL_HOST"))
    if settings.JOB_EMAIL_TO and not settings.DEFAULT_FROM_EMAIL:
        missing.append(("JOB_EMAIL_TO", "EMAIL_FROM"))
    return [Error(f"{name} is set, and needs {other}, too.", id="microscope.E006") for name, other in missing]


@register
def check_store(**_: Any) -> list[CheckMessage]:
    """Refuse half a store, and a store without the package that speaks to it."""
    if not settings.S3_BUCKET:
        missing = [(name, "S3_BUCKET") for name in NEEDS_BUCKET if getattr(settings, name)]
    else:
        missing = [("S3_BUCKET", name) for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY") if not getattr(settings, name)]
    if missing or not settings.S3_BUCKET or is_installed():
        return [Error(f"{name} is set, and needs {other}, too.", id="microscope.E007") for name, other in missing]
    return [Error(str(StoreNotInstalled()), hint=StoreNotInstalled.todo, id="microscope.E008")]


@register
def check_eviction(**_: Any) -> list[CheckMessage]:
    """Refuse a threshold that can never help: nothing may ever leave, or captures pause before it is reached."""
    if not settings.EVICT_BELOW_MB:
        return []
    found: list[CheckMessage] = []
    if settings.KEEP_LOCAL_DAYS is None:
        found.append(Error("EVICT_BELOW_MB is set, and needs KEEP_LOCAL_DAYS, too.", id="microscope.E007"))
    if settings.EVICT_BELOW_MB <= settings.MINIMUM_FREE_MB:
        said = f"EVICT_BELOW_MB={settings.EVICT_BELOW_MB} is not more than MINIMUM_FREE_MB={settings.MINIMUM_FREE_MB}."
        hint = "Captures pause below MINIMUM_FREE_MB. Choose a threshold above it."
        found.append(Error(said, hint=hint, id="microscope.E009"))
    return found


def _first_words() -> set[str]:
    """Return the first words of all addresses: `api`, `images`, `static` and so on."""
    routes = []
    for pattern in get_resolver().url_patterns:
        is_list = str(pattern.pattern) == ""  # an app's own addresses, which are at the root
        routes += getattr(pattern, "url_patterns", [pattern]) if is_list else [pattern]
    return {str(route.pattern).split("/")[0] for route in routes if str(route.pattern)} | {"static"}
