"""Delete the images in the bin for good."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from images.edit.bin import KEPT_FOR_DAYS, empty_bin, sweep_bin


class Command(BaseCommand):
    help = "Delete the images in the bin for good, with their files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        old = f"only images that were in the bin for {KEPT_FOR_DAYS} days on which the server ran"
        parser.add_argument("--old", action="store_true", help=old)

    def handle(self, *args: Any, **options: Any) -> None:
        # Days count only while the server runs, so without it this command removes nothing new.
        removed = sweep_bin() if options["old"] else empty_bin()
        self.stdout.write(f"{removed} images were deleted for good.")
