"""The bin's calls: one image back, many in or out, all of it gone."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.bin import Outcome, bin_many, empty_bin, restore_image, restore_many
from images.rights import Person
from images.serializers import (
    IdsSerializer,
    ImageSerializer,
    OutcomeSerializer,
    RemovedSerializer,
    describe_image,
    describe_outcome,
)


class ImageRestoreView(APIView):
    needs = {"POST": "bin"}

    @extend_schema(
        operation_id="images_restore",
        tags=["bin"],
        summary="Take one image out of the bin",
        request=None,
        responses=ImageSerializer,
    )
    def post(self, request: Request, image_id: int) -> Response:
        return Response(describe_image(restore_image(image_id, request.user), request.user))


class BinManyView(APIView):
    needs = {"POST": "bin"}

    @extend_schema(
        operation_id="images_bin_many",
        tags=["bin"],
        summary="Move many images to the bin",
        request=IdsSerializer,
        responses=OutcomeSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(_move(request, bin_many))


class RestoreManyView(APIView):
    needs = {"POST": "bin"}

    @extend_schema(
        operation_id="images_restore_many",
        tags=["bin"],
        summary="Take many images out of the bin",
        request=IdsSerializer,
        responses=OutcomeSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(_move(request, restore_many))


class BinEmptyView(APIView):
    needs = {"POST": "remove"}

    @extend_schema(
        tags=["bin"], summary="Remove everything in the bin for good", request=None, responses=RemovedSerializer
    )
    def post(self, request: Request) -> Response:
        return Response({"removed": empty_bin()})


def _move(request: Request, verb: Callable[[list[int], Person], Outcome]) -> dict[str, Any]:
    wanted = IdsSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    return describe_outcome(verb(wanted.validated_data["ids"], request.user))
