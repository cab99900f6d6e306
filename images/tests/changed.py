"""What is said of an image after its capture: beside its original, and in its row."""

import json
from pathlib import Path

from images.apps import the_library
from images.changes import path_beside
from images.models import Image


def file_of(image: Image) -> Path:
    return path_beside(the_library().archive.path_of(image.filename))


def read(image: Image) -> dict:
    return json.loads(file_of(image).read_text(encoding="utf-8"))


def row(image: Image) -> tuple:
    return Image.objects.values_list(
        "note", "sample", "x_position", "binned_at", "binned_by__username", "revision"
    ).get(pk=image.pk)
