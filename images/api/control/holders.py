"""Who asks: the user of a request, and whether a browser or a script of theirs. And what the request may do."""

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
    """A call that only whoever controls the camera may make. While somebody asks for control, its answer says who."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code < 400 and request.method not in SAFE_METHODS:
            name_asker(request, response)
        return response


def name_asker(request: Request, response: Response) -> None:
    """A header holds ASCII alone, and a name anything; a percent sign needs no word of the client's language."""
    control = the_control()
    lease, asked = control.current(), control.current_ask()
    if lease and asked and lease.belongs_to(read_holder(request)):
        response.headers[ASKED_BY_HEADER] = quote(asked.who.name, safe="")


def read_holder(request: Request, label: str | None = None) -> Holder:
    """Return who asks. A session is a browser; everything else is a script, by default named like its token."""
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
    """Return the permit for a change of several parts, of which none may belong to another holder. Raises ControlHeld,
    ControlLost or TooManyRefusals."""
    return the_control().admit_whole(read_holder(request))


def permit_keeping(request: Request) -> Permit:
    """Return the permit to keep the next frame as the camera is set. Raises ControlHeld."""
    return the_control().admit_to_keep(read_holder(request), is_streaming)


def is_streaming() -> bool:
    return the_camera().status().state == "streaming"
