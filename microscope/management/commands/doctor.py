"""Print what is well and what needs somebody, a line each, with what to do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from microscope.status.line import Line
from microscope.status.read import read_status_from_outside
from microscope.status.report import describe_line, write_report


class Command(BaseCommand):
    help = (
        "Print what is well and what needs somebody: camera, disk, database, backup, network and jobs. Works while the "
        "server runs and when it is dead, opens no camera, and changes nothing. Exit code: 0, or 1 if something is bad."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = "print the report instead, which names no person, sample, host or folder"
        parser.add_argument("--report", action="store_true", help=about)

    def handle(self, *args: Any, **options: Any) -> None:
        status = read_status_from_outside()
        if options["report"]:
            self.stdout.write(write_report(status))
        else:
            for group in status.groups:
                self.stdout.write(f"\n{group.name}")
                for line in group.lines:
                    self._print(line)
            self.stdout.write("")
        if status.is_bad:
            raise CommandError(status.summary)
        if not options["report"]:
            self.stdout.write(status.summary)

    def _print(self, line: Line) -> None:
        told = describe_line(line, timezone.now())
        names = f" ({line.names})" if line.names else ""
        self.stdout.write(f"{told}{names}" + (f"\n     {line.todo}" if line.todo else ""))
