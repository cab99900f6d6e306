"""How much room there is for images."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.apps import the_library


class StorageSerializer(serializers.Serializer):
    freeBytes = serializers.IntegerField()
    reserveBytes = serializers.IntegerField(help_text="With less left than this, captures are refused.")


class StorageView(APIView):
    needs = {"GET": "view"}

    @extend_schema(tags=["images"], summary="Room for images on the disk", responses=StorageSerializer)
    def get(self, request: Request) -> Response:
        free_bytes, reserve_bytes = the_library().archive.space()
        return Response({"freeBytes": free_bytes, "reserveBytes": reserve_bytes})
