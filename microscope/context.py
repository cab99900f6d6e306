"""What every page's frame shows: the camera, the free disk, the person."""

import shutil
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property

from camera.serializers import describe_status
from camera.service import the_camera
from images.apps import the_library
from images.errors import StorageUnavailable
from images.formats import FORMATS

ROLES = {"managers": "manager", "operators": "operator", "viewers": "viewer"}


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}


class Shell:
    """Each fact is looked up only where a page shows it: an error's page must ask nothing of the database."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

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
        """Why nothing can be kept just now, in a sentence."""
        try:
            the_library().archive.check()
        except StorageUnavailable as problem:
            return str(problem)
        return None

    @cached_property
    def storage_address(self) -> str | None:
        """Where the free space can be asked for, if the API can tell."""
        try:
            return reverse("api-storage")
        except NoReverseMatch:
            return None

    @cached_property
    def capture_defaults(self) -> dict[str, Any]:
        """What a capture can be saved as, and is where nothing is chosen."""
        return {"formats": list(FORMATS), "format": settings.IMAGE_FORMAT, "quality": settings.IMAGE_QUALITY}

    @cached_property
    def person(self) -> dict[str, str]:
        user = self._request.user
        name = user.display_name
        words = name.split()
        initials = "".join(word[0] for word in (words[0], words[-1])) if len(words) > 1 else name[:2]
        return {"name": name, "initials": initials.upper(), "role": self._role(user)}

    def _role(self, user: Any) -> str:
        groups = set(user.groups.values_list("name", flat=True))
        held = [role for group, role in ROLES.items() if group in groups]
        if user.is_superuser:
            return "administrator"
        return held[0] if held else ""
