"""Let the system start the program: install, remove and show its service."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from microscope.service.errors import ServiceRefused
from microscope.service.program import Program, refuse_settings_of_terminal, this_program
from microscope.service.system import System
from microscope.service.systemd import SystemdService
from microscope.service.task import ScheduledTask
from microscope.start.environment import OF_TERMINAL

# Longer than all parts of `serve` together may take to end, beside the camera's and the requests' own time-out.
ENDING_S = 90

the_system = System()


class Command(BaseCommand):
    help = "Let the system start the program: a unit of systemd on Linux, a task of Task Scheduler on Windows."
    # A service can be removed also if the database or a setting is wrong.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["install", "remove", "status"])
        if os.name == "nt":
            parser.add_argument("--at-start", action="store_true", help="start with the PC, before anybody signs in")
        else:
            parser.add_argument("--system", action="store_true", help="for the whole system; it needs sudo")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        try:
            service = find_service(bool(options.get("system")), bool(options.get("at_start")))
            code, told = 0, []
            if act == "install":
                refuse_settings_of_terminal(settings.SETTING_NAMES, OF_TERMINAL)
                told = service.install()
            elif act == "remove":
                told = service.remove()
            else:
                code, told = service.status()
        except ServiceRefused as refused:
            raise CommandError(str(refused)) from refused
        for line in told:
            self.stdout.write(line)
        if code:
            sys.exit(code)


def find_service(for_system: bool, at_start: bool) -> SystemdService | ScheduledTask:
    """Return the service of this PC's system."""
    program = describe_program()
    if os.name == "nt":
        return ScheduledTask(program, at_start, the_system)
    return SystemdService(program, for_system, the_system)


def describe_program() -> Program:
    end_s = ENDING_S + settings.SERVICE_TIMEOUT_MS // 1000
    return this_program(settings.BASE_DIR, settings.DATA_PATH, end_s)
