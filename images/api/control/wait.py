"""`?wait=` of the call that takes control."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from camera.live.admission import admit
from images.control.control import the_control
from images.control.lease import Holder, Lease, Terms
from images.control.waiting import MAX_WAIT_S, take_when_free, the_waiting_room
from images.permissions import CAPTURE

# The server puts it into the environment of each request: it returns True if the client has gone.
HAS_HUNG_UP = "microscope.has_hung_up"


class WaitSerializer(serializers.Serializer):
    wait = serializers.FloatField(
        min_value=0,
        max_value=MAX_WAIT_S,
        default=0,
        help_text="If somebody else controls the camera, wait until it is free, for so many seconds.",
    )


def take_or_wait(request: Request, who: Holder, terms: Terms) -> Lease:
    """Take control for this request. Blocks as long as it asks for. Raises what `take_when_free` raises, and
    PermissionDenied if the user may not capture any more."""
    query = WaitSerializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return take_when_free(
        the_control(),
        who,
        terms,
        query.validated_data["wait"],
        room=the_waiting_room(),
        require_right=_require_right_of(request),
        has_hung_up=request.META.get(HAS_HUNG_UP, lambda: False),
    )


def _require_right_of(request: Request) -> Callable[[], None]:
    """Raise PermissionDenied if the user has lost the right, or the sign-in, while they waited: that may be half a
    minute."""
    has_ended: Any = getattr(request.auth, "has_ended", None)
    admission = admit(cast(AbstractUser, request.user), has_sign_in_ended=has_ended)

    def require() -> None:
        user = get_user_model()._default_manager.filter(pk=admission.user_id).first()
        if user is None or not admission.holds_for(cast(AbstractUser, user)) or not user.has_perm(CAPTURE):  # type: ignore[attr-defined]
            raise PermissionDenied

    return require
