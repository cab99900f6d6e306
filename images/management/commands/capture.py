"""Capture one image from the console: no server, no token."""

import json
import math
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from camera.errors import CameraError
from camera.service import the_camera
from images.capture import capture_image
from images.errors import LibraryError
from images.formats import FORMATS
from images.record import Position
from images.serializers import describe_captured


def finite_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ArgumentTypeError("must be a number")
    return value


class Command(BaseCommand):
    help = "Capture one image. Where the server holds the camera, use its API instead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="who captures: a user name")
        parser.add_argument("--exposure", type=float, help="milliseconds")
        parser.add_argument("--gain", type=float, help="decibels")
        parser.add_argument("--format", choices=list(FORMATS), default=settings.IMAGE_FORMAT)
        parser.add_argument(
            "--quality", type=int, default=settings.IMAGE_QUALITY, choices=range(1, 101), metavar="1-100"
        )
        parser.add_argument("--x", type=finite_number, help="position of the stage")
        parser.add_argument("--y", type=finite_number)
        parser.add_argument("--z", type=finite_number)
        parser.add_argument("--sample", default="", help="what is under the lens")
        parser.add_argument("--note", default="")
        parser.add_argument("--job", type=int, help="number of a job")

    def handle(self, *args: Any, **options: Any) -> None:
        camera = the_camera()
        camera.purpose = "manage.py capture"
        try:
            captured = capture_image(
                by=self._find_user(options["user"]),
                exposure_ms=options["exposure"],
                gain_db=options["gain"],
                image_format=options["format"],
                quality=options["quality"],
                position=Position(options["x"], options["y"], options["z"]),
                job_id=options["job"],
                sample=options["sample"],
                note=options["note"],
            )
        except (CameraError, LibraryError) as problem:
            raise CommandError(str(problem)) from problem
        finally:
            camera.close()
        self.stdout.write(json.dumps(describe_captured(captured), indent=2))
        if captured.image is None:
            self.stderr.write("The image is safe on disk. It is listed when the server starts the next time.")

    def _find_user(self, username: str) -> Any:
        try:
            return get_user_model().objects.get(username=username, is_active=True)
        except get_user_model().DoesNotExist as unknown:
            raise CommandError(f"There is no active user {username!r}.") from unknown
        except DatabaseError as problem:
            raise CommandError(
                f"The database cannot be read ({problem}). If this is a new installation, run manage.py migrate."
            ) from problem
