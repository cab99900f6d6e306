"""GET /api/v1/events: what happened, for programs that follow it."""

from typing import cast

from django.contrib.auth.models import AbstractUser
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.live.admission import admit, find_lapsed
from microscope.events.bell import the_bell
from microscope.events.errors import EventsUnsettled
from microscope.events.feed import Page
from microscope.events.kinds import KINDS
from microscope.events.order import settle
from microscope.events.waiting import MAX_WAIT_S, WaitingRoom, find_page
from microscope.permissions import HasNeeded

MAX_EVENTS, USUAL_EVENTS = 500, 100
MAX_NUMBER = 2**53 - 1  # the largest integer that every browser holds exactly
# How long to wait for transactions that are under way, to find the newest number.
SETTLE_WITHIN_S = 2.0
EXAMPLE = {
    "events": [
        {
            "number": 5120,
            "at": "2026-03-02T01:10:04.512Z",
            "what": "captured",
            "by": "ada",
            "imageId": 1042,
            "object": "capture_20260302_011004_497.jpg",
            "jobId": 12,
            "details": {},
        }
    ],
    "next": 5120,
}

the_waiting_room = WaitingRoom()


class EventQuerySerializer(serializers.Serializer):
    after = serializers.IntegerField(
        min_value=0,
        max_value=MAX_NUMBER,
        required=False,
        help_text="The number behind which to begin: `next` of the last answer, or 0 for the oldest event. Without it "
        "the answer holds no events, only `next`, from which to follow what happens from now on.",
    )
    wait = serializers.FloatField(
        min_value=0,
        max_value=MAX_WAIT_S,
        default=0,
        help_text="If there are no events, wait for one for so many seconds.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_EVENTS, default=USUAL_EVENTS)


class EventSerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="Numbers grow, with holes.")
    at = serializers.DateTimeField(help_text="By the clock of the PC.")
    what = serializers.CharField(help_text=f"One of {', '.join(KINDS)}. Leave out what you do not know.")
    by = serializers.CharField(help_text="User name, or empty: the program itself.")
    imageId = serializers.IntegerField(allow_null=True)
    object = serializers.CharField(help_text="File name of the image, or name of the job.")
    jobId = serializers.IntegerField(allow_null=True)
    details = serializers.DictField(help_text="More about it; for `changed` each field before and after.")


class EventPageSerializer(serializers.Serializer):
    events = EventSerializer(many=True)
    next = serializers.IntegerField(help_text="`after` of the next call.")


class EventsView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="events",
        tags=["events"],
        summary="What happened, oldest first; waits for it if asked to",
        description="No event is left out, and none comes twice. There may be fewer than `limit` although more wait: "
        "go on until there are none.",
        parameters=[EventQuerySerializer],
        responses={
            200: EventPageSerializer,
            503: OpenApiResponse(description="Too many programs wait already, or the database does not answer."),
        },
        examples=[OpenApiExample("A capture", EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = EventQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return Response(_find_page(request, **query.validated_data).as_json())


def _find_page(request: Request, *, wait: float, limit: int, after: int | None = None) -> Page:
    if after is None:
        newest = settle(SETTLE_WITHIN_S)
        if newest is None:
            raise EventsUnsettled
        return Page(next=newest)
    has_ended = getattr(request.auth, "has_ended", None)
    admission = admit(cast(AbstractUser, request.user), has_sign_in_ended=has_ended)

    def require_right() -> None:
        if find_lapsed({admission}):
            raise PermissionDenied(HasNeeded.message)

    return find_page(after, limit, wait, bell=the_bell(), room=the_waiting_room, require_right=require_right)
