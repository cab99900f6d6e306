"""Finds out who makes a request, a user in a browser or one of their scripts, and returns the permit for it."""

from contextlib import AbstractContextManager
from typing import Any, cast
from urllib.parse import quote

from django.contrib.auth.models import AbstractUser
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.engine.requests import Permit
from camera.live.admission import name_of
from camera.registry import the_camera
from images.control.control import the_control
from images.control.lease import MAX_TEXT, Holder, Kind

BROWSER = "browser"
SCRIPT = "script"
LEASE_HEADER = "X-Control-Lease"
# Pages send it with each request while they are visible.
SIGHT_HEADER = "X-Page-In-Sight"
LEASE = OpenApiParameter(
    LEASE_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The `leaseId` from `POST /api/v1/control`. If that lease has ended, the response is 409 with code "
    "`control_lost`: stop, and do not try again.",
)
ASKED_BY_HEADER = "X-Control-Asked-By"
ASKED_BY = OpenApiParameter(
    ASKED_BY_HEADER,
    str,
    OpenApiParameter.HEADER,
    response=True,
    description="If you control the camera and somebody asks you for it: the name, in UTF-8 and percent-encoded.",
)


class GuardedView(APIView):
    """A call that only the holder of control may make. While somebody asks for control, the response names them."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code < 400 and request.method not in SAFE_METHODS:
            name_asker(request, response)
        return response


def name_asker(request: Request, response: Response) -> None:
    """Name in a header of the response who asks for control. Percent-encoded, because a header can hold only ASCII. A
    percent sign needs no translation either."""
    control = the_control()
    lease, asked = control.current(), control.current_ask()
    if lease and asked and lease.belongs_to(read_holder(request)):
        response.headers[ASKED_BY_HEADER] = quote(asked.who.name, safe="")


def read_holder(request: Request, label: str | None = None) -> Holder:
    """Return who makes the request. A session is a browser. Everything else is a script, by default with the name of
    its token."""
    user = cast(AbstractUser, request.user)
    is_browser = request.auth is None
    named = label or (BROWSER if is_browser else str(getattr(request.auth, "name", SCRIPT)))
    return Holder(
        user_id=user.pk,
        username=user.get_username(),
        name=name_of(user),
        kind=Kind.PERSON if is_browser and named == BROWSER else Kind.SCRIPT,
        label=named[:MAX_TEXT],
        lease_id=request.headers.get(LEASE_HEADER),
    )


def permit_change(request: Request) -> Permit:
    """Return the permit for a change of the camera. Raises ControlHeld, ControlLost or TooManyRefusals."""
    return the_control().admit(read_holder(request))


def permit_whole(request: Request) -> AbstractContextManager[Permit]:
    """Return the permit for a change in several steps: control does not pass to another holder between them. Raises
    ControlHeld, ControlLost or TooManyRefusals."""
    return the_control().admit_whole(read_holder(request))


def permit_keeping(request: Request) -> Permit:
    """Return the permit to keep the next frame with the present settings. Raises ControlHeld."""
    return the_control().admit_to_keep(read_holder(request), is_streaming)


def is_streaming() -> bool:
    return the_camera().status().state == "streaming"
