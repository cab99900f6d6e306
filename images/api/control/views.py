"""The calls with which control is taken, kept, asked for, given and released."""

from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.api.serializers import StrictSerializer
from images.api.control.holders import ASKED_BY, LEASE, GuardedView, read_holder
from images.api.control.state import ControlSerializer, TakenSerializer, describe_control, describe_taken
from images.api.control.wait import WaitSerializer, take_or_wait
from images.api.fields import FiniteField, TextField
from images.control import hand_over
from images.control.control import the_control
from images.control.lease import MAX_MINUTES, MAX_TEXT, Terms
from images.jobs.give_way import give_control, take_control
from images.permissions import TAKE_CONTROL


class TermsSerializer(StrictSerializer):
    """Without `minutes`, control ends when nothing was changed for 90 seconds."""

    label = TextField(  # type: ignore[assignment]  # the API's word, not the attribute of a field
        max_length=MAX_TEXT, required=False, help_text="Name of the script."
    )
    minutes = FiniteField(min_value=0.1, max_value=MAX_MINUTES, required=False)
    note = TextField(max_length=MAX_TEXT, required=False, allow_blank=True, help_text="For what; others read it.")
    share = serializers.BooleanField(required=False, help_text="Others may keep the pictures that they see.")


class AskSerializer(StrictSerializer):
    message = TextField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")
    queue = serializers.BooleanField(
        required=False, default=False, help_text="Stand in line if others ask already; without it the response is 409."
    )


class AnswerSerializer(StrictSerializer):
    give = serializers.BooleanField()
    message = TextField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")


class TakeSerializer(StrictSerializer):
    reason = TextField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")
    afterPicture = serializers.BooleanField(
        required=False, default=True, help_text="false: at once; the picture in progress is lost."
    )
    fence = serializers.IntegerField(
        required=False, help_text="What you saw. If control has passed on since, the response is 409."
    )


def read(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    asked = serializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return cast(dict[str, Any], asked.validated_data)


class ControlView(GuardedView):
    needs = {"GET": "view", "POST": "capture", "PATCH": "capture", "DELETE": "capture"}
    uses_camera = {*needs}

    @extend_schema(tags=["control"], summary="Who controls the camera", responses=ControlSerializer)
    def get(self, request: Request) -> Response:
        return Response(describe_control(request))

    @extend_schema(
        tags=["control"],
        summary="Take control of the camera, or keep it for longer; waits until the camera is free if asked to",
        parameters=[LEASE, WaitSerializer, ASKED_BY],
        request=TermsSerializer,
        examples=[OpenApiExample("A script", {"label": "night_scan.py", "minutes": 30}, request_only=True)],
        responses={
            201: TakenSerializer,
            503: OpenApiResponse(description="Too many programs wait already, or the program ends."),
        },
    )
    def post(self, request: Request) -> Response:
        asked = read(TermsSerializer, request)
        who = read_holder(request, asked.pop("label", None))
        return Response(describe_taken(request, take_or_wait(request, who, Terms(**asked))), status=201)

    @extend_schema(
        tags=["control"],
        summary="Give a sign of life, and change for how long and for what",
        parameters=[LEASE, ASKED_BY],
        request=TermsSerializer,
        examples=[OpenApiExample("Half an hour more", {"minutes": 30}, request_only=True)],
        responses=TakenSerializer,
    )
    def patch(self, request: Request) -> Response:
        asked = read(TermsSerializer, request)
        who = read_holder(request, asked.pop("label", None))
        return Response(describe_taken(request, the_control().renew(who, **asked)))

    @extend_schema(tags=["control"], summary="Release the camera", parameters=[LEASE], responses={204: None})
    def delete(self, request: Request) -> Response:
        the_control().release(read_holder(request))
        return Response(status=204)


class AskView(APIView):
    needs = {"POST": "capture", "DELETE": "capture"}
    uses_camera = {*needs}

    @extend_schema(
        tags=["control"],
        summary="Ask for control; if the camera is free, you have it",
        request=AskSerializer,
        examples=[OpenApiExample("Two pictures", {"message": "Two pictures, 5 minutes"}, request_only=True)],
        responses={202: ControlSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = read(AskSerializer, request)
        hand_over.ask(the_control(), read_holder(request), asked["message"], may_queue=asked["queue"])
        return Response(describe_control(request), status=202)

    @extend_schema(tags=["control"], summary="Ask no longer", responses={204: None})
    def delete(self, request: Request) -> Response:
        hand_over.withdraw(the_control(), read_holder(request))
        return Response(status=204)


class AnswerView(APIView):
    needs = {"POST": "capture"}
    uses_camera = {*needs}

    @extend_schema(
        tags=["control"],
        summary="Give control to whoever asks, or say when",
        request=AnswerSerializer,
        examples=[OpenApiExample("Give", {"give": True}, request_only=True)],
        responses=ControlSerializer,
    )
    def post(self, request: Request) -> Response:
        asked, who = read(AnswerSerializer, request), read_holder(request)
        if asked["give"]:
            give_control(cast(AbstractUser, request.user), who)
        else:
            hand_over.refuse(the_control(), who, asked["message"])
        return Response(describe_control(request))


class TakeView(APIView):
    needs = {"POST": "capture"}
    uses_camera = {*needs}

    @extend_schema(
        tags=["control"],
        summary="Take control from whoever has it: your own, after an ask without an answer, or as a manager",
        description="A manager says why; whoever loses control reads it. A running job is paused first, after the "
        "picture in progress.",
        request=TakeSerializer,
        examples=[OpenApiExample("A manager", {"reason": "Sample change on the next stage"}, request_only=True)],
        responses={201: TakenSerializer},
    )
    def post(self, request: Request) -> Response:
        asked, user = read(TakeSerializer, request), cast(AbstractUser, request.user)
        lease = take_control(
            user,
            read_holder(request),
            asked["reason"],
            is_manager=user.has_perm(TAKE_CONTROL),
            fence=asked.get("fence"),
            after_picture=asked["afterPicture"],
        )
        return Response(describe_taken(request, lease), status=201)
