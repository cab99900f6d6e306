"""API of the bin: restore one image, move many images in or out, empty the bin."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.api.image_serializer import ImageSerializer, describe_image
from images.api.serializers import (
    IdsSerializer,
    OutcomeSerializer,
    RemovedSerializer,
    describe_outcome,
)
from images.edit.bin import Outcome, bin_many, empty_bin, restore_image, restore_many
from images.permissions import Person

IDS_EXAMPLE = OpenApiExample("Image ids", {"ids": [1]}, request_only=True)


class ImageRestoreView(APIView):
    needs = {"POST": "bin"}

    @extend_schema(
        operation_id="images_restore",
        tags=["bin"],
        summary="Restore one image from the bin",
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
        examples=[IDS_EXAMPLE],
        responses=OutcomeSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(_move(request, bin_many))


class RestoreManyView(APIView):
    needs = {"POST": "bin"}

    @extend_schema(
        operation_id="images_restore_many",
        tags=["bin"],
        summary="Restore many images from the bin",
        request=IdsSerializer,
        examples=[IDS_EXAMPLE],
        responses=OutcomeSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(_move(request, restore_many))


class BinEmptyView(APIView):
    needs = {"POST": "remove"}

    @extend_schema(
        tags=["bin"], summary="Empty the bin: delete its images for good", request=None, responses=RemovedSerializer
    )
    def post(self, request: Request) -> Response:
        return Response({"removed": empty_bin()})


def _move(request: Request, verb: Callable[[list[int], Person], Outcome]) -> dict[str, Any]:
    wanted = IdsSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    return describe_outcome(verb(wanted.validated_data["ids"], request.user))
