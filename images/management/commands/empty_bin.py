"""Remove for good what lies in the bin."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from images.bin import KEPT_FOR, empty_bin, sweep_bin


class Command(BaseCommand):
    help = "Remove for good the images that lie in the bin, rows and files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--old", action="store_true", help=f"only those binned {KEPT_FOR.days} days ago or earlier")

    def handle(self, *args: Any, **options: Any) -> None:
        removed = sweep_bin() if options["old"] else empty_bin()
        self.stdout.write(f"{removed} images were removed for good.")
