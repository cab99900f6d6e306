"""Capture one image from the command line, without the server and without a token."""

import json
import math
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from camera.absent.uses_camera import require_camera
from camera.errors import CameraError
from camera.registry import the_camera
from camera.stop_signals import END, stop_requested
from images.api.serializers import describe_captured
from images.capture.capture import capture_image, find_job_to_join
from images.editable_fields import EDITABLE_FIELDS, take_editable
from images.errors import LibraryError
from images.formats import FORMATS
from images.index.listing import Captured


def finite_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ArgumentTypeError("must be a number")
    return value


class Command(BaseCommand):
    help = "Capture one image. If the server is using the camera, use its API instead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="user name of who captures")
        parser.add_argument("--exposure", type=float, help="milliseconds")
        parser.add_argument("--gain", type=float, help="decibels")
        parser.add_argument("--format", choices=list(FORMATS), default=settings.IMAGE_FORMAT)
        parser.add_argument(
            "--quality", type=int, default=settings.IMAGE_QUALITY, choices=range(1, 101), metavar="1-100"
        )
        for field in EDITABLE_FIELDS:
            kind = str if field.is_text else finite_number
            parser.add_argument(
                f"--{field.key}", dest=field.column, type=kind, default=field.empty, help=field.help_text or field.label
            )
        parser.add_argument("--job", type=int, help="id of a job")

    def handle(self, *args: Any, **options: Any) -> None:
        camera = the_camera()
        # Another process that wants the camera tells its user who has it.
        camera.purpose = "manage.py capture"
        try:
            require_camera()
            # A terminal that is closed sends a signal. It must not lose an image that is being captured.
            with stop_requested(*END):
                captured = self._capture(options)
        except (CameraError, LibraryError) as problem:
            raise CommandError(str(problem)) from problem
        finally:
            camera.close()
        self.stdout.write(json.dumps(describe_captured(captured), indent=2))
        if captured.image is None:
            self.stderr.write("The image is saved on disk. The server adds it to the gallery at its next start.")

    def _capture(self, options: dict[str, Any]) -> Captured:
        return capture_image(
            by=self._find_user(options["user"]),
            exposure_ms=options["exposure"],
            gain_db=options["gain"],
            image_format=options["format"],
            quality=options["quality"],
            job=find_job_to_join(options["job"]),
            **take_editable(options),
        )

    def _find_user(self, username: str) -> Any:
        try:
            return get_user_model()._default_manager.named(username).get(is_active=True)  # type: ignore[attr-defined]
        except get_user_model().DoesNotExist as unknown:
            raise CommandError(f"There is no active user {username!r}.") from unknown
