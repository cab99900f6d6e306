"""Reads what users changed of an image after its capture, from its sidecar and from its row."""

import json
from pathlib import Path

from images.models import Image
from images.tests.places import sidecar_path_of


def file_of(image: Image) -> Path:
    return sidecar_path_of(image.filename)


def read(image: Image) -> dict:
    return json.loads(file_of(image).read_text(encoding="utf-8"))


def row(image: Image) -> tuple:
    return Image.objects.values_list(
        "note", "sample", "x_position", "binned_at", "binned_by__username", "revision"
    ).get(pk=image.pk)
