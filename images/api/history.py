"""API of the history of an image: who changed what, and when."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.edit.edit import find_image
from images.edit.history import History, read_history
from images.record.image import format_time


class ChangeSerializer(serializers.Serializer):
    sentence = serializers.CharField()
    before = serializers.CharField(allow_blank=True, help_text="The previous text.")


class HistoryEntrySerializer(serializers.Serializer):
    revision = serializers.IntegerField()
    at = serializers.DateTimeField(allow_null=True)
    by = serializers.CharField(allow_blank=True, help_text="Empty if unknown.")
    changes = ChangeSerializer(many=True)


class HistorySerializer(serializers.Serializer):
    """The latest changes, newest first."""

    entries = HistoryEntrySerializer(many=True)
    leftOut = serializers.IntegerField(help_text="Number of older changes that are not included.")


class ImageHistoryView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="images_history",
        tags=["images"],
        summary="History of an image: who changed what, when, and the previous text",
        responses=HistorySerializer,
    )
    def get(self, request: Request, image_id: int) -> Response:
        return Response(_serialize(read_history(find_image(image_id))))


def _serialize(history: History) -> dict[str, Any]:
    entries = [{**asdict(entry), "at": entry.at and format_time(entry.at)} for entry in history.entries]
    return {"entries": entries, "leftOut": history.left_out}
