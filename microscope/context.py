"""The data for the frame of every page: the camera, the free disk space, the user."""

import shutil
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.functional import cached_property
from django.utils.timezone import get_default_timezone_name, now

from camera.api.serializers import describe_status
from camera.registry import the_camera
from images.api.control.accounts_count import is_one_account_alone
from images.control.words import initials_of
from images.editable_fields import TEXTS
from images.errors import StorageUnavailable
from images.formats import FORMATS
from images.jobs.under_way import find_job_under_way, seconds_to_next
from images.library import the_library
from images.overview.clock import describe_own_clock
from images.overview.names import has_instruments
from images.permissions import VIEW
from images.run_days import the_run_days
from microscope.health import find_backup_trouble

ROLES = {"managers": "manager", "operators": "operator", "viewers": "viewer"}


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}


class Shell:
    """Looks each value up only when a template uses it. The page of an error must not need the database."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def root(self) -> str:
        """The start of every address: empty, or the path that ROOT_PATH names, without a slash at its end."""
        return get_script_prefix().rstrip("/")

    @property
    def version(self) -> str:
        return settings.VERSION

    @property
    def time_zone(self) -> str:
        """The name of the time zone that all pages use."""
        return get_default_timezone_name()

    @property
    def csrf_cookie(self) -> str:
        """The name of the cookie with the CSRF token. Each installation has its own name."""
        return settings.CSRF_COOKIE_NAME

    @property
    def has_camera(self) -> bool:
        """False on a library."""
        return not the_camera().is_absent

    @cached_property
    def camera(self) -> dict[str, Any]:
        return describe_status(the_camera().status())

    @cached_property
    def free_space(self) -> str | None:
        try:
            free_bytes = shutil.disk_usage(settings.IMAGE_SAVE_PATH).free
        except OSError:
            return None
        return f"{free_bytes / 10**9:.0f} GB" if free_bytes >= 10**10 else f"{free_bytes / 10**9:.1f} GB"

    @cached_property
    def storage_problem(self) -> str | None:
        """A sentence that says why no picture can be kept now. None if pictures can be kept, and on a library, which
        keeps none."""
        if not self.has_camera:
            return None
        try:
            the_library().archive.check()
        except StorageUnavailable as problem:
            return str(problem)
        return None

    @cached_property
    def clock_doubt(self) -> str | None:
        """A sentence that says why the clock of this PC may be wrong. None if there is no doubt."""
        doubt = the_run_days().doubt
        return doubt and str(doubt)

    @cached_property
    def backup_trouble(self) -> str | None:
        """A sentence that says what is wrong with the backups. None if nothing is."""
        trouble = find_backup_trouble()
        return trouble and trouble[1]

    @cached_property
    def has_instruments(self) -> bool:
        """True if several PCs share the library. A PC that shares it with no other makes no query for this."""
        return self._request.user.has_perm(VIEW) and has_instruments()

    @cached_property
    def clock_offset(self) -> str:
        """A sentence that says how far the clock of this PC is from that of the database it shares with others. Empty
        if it is right."""
        return describe_own_clock()

    @cached_property
    def may_see_jobs(self) -> bool:
        return self._request.user.has_perm(VIEW)

    @cached_property
    def job(self) -> dict[str, Any] | None:
        """The job that is under way, with the time at which its next picture is due. None if there is none."""
        job = find_job_under_way() if self.may_see_jobs else None
        if job is None:
            return None
        left_s = seconds_to_next(job, now())
        due_at = job.awaited_since if left_s is not None and left_s > 0 else None
        return {"number": job.number, "name": job.name, "state": job.state, "due_at": due_at}

    @cached_property
    def is_alone(self) -> bool:
        """True if nobody else can want control of the camera: then pages do not show it."""
        return not self.has_camera or (is_one_account_alone() and find_job_under_way() is None)

    @cached_property
    def storage_address(self) -> str | None:
        """The address that returns the free disk space, if there is one."""
        if not self.has_camera:
            return None
        try:
            return reverse("api-storage")
        except NoReverseMatch:
            return None

    @cached_property
    def capture_defaults(self) -> dict[str, Any]:
        """The formats for a capture, and the values that count if the user chooses nothing."""
        return {
            "formats": list(FORMATS),
            "format": settings.IMAGE_FORMAT,
            "quality": settings.IMAGE_QUALITY,
            "texts": TEXTS,
        }

    @cached_property
    def person(self) -> dict[str, str]:
        user = self._request.user
        name = user.display_name
        return {"name": name, "initials": initials_of(name), "role": self._role(user)}

    def _role(self, user: Any) -> str:
        # While the database is away, nobody knows the roles.
        if getattr(user, "is_remembered", False):
            return ""
        groups = set(user.groups.values_list("name", flat=True))
        held = [role for group, role in ROLES.items() if group in groups]
        if user.is_superuser:
            return "administrator"
        return held[0] if held else ""
