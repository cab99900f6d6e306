"""Read every original again, and see what else lies in the folder of images."""

import getpass
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from filelock import FileLock, Timeout

from images.apps import the_library
from images.errors import DATABASE_AWAY, LibraryError
from images.interruption import told_to_stop
from images.models import Finding, Image, Verification
from images.pacing import PacedReader, ToldToStop, lower_priority
from images.progress import Progress
from images.verification import Verifier, begin_verification

# The first two are what Django and Python use for a command that fails, or is not understood.
EXIT_CODES = {
    Finding.Kind.MISSING: 4,
    Finding.Kind.CHANGED: 8,
    Finding.Kind.UNKNOWN: 16,
    Finding.Kind.ORPHANED: 32,
    Finding.Kind.STRAY: 64,
}
INTERRUPTED = 128


def positive_number(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ArgumentTypeError("must be a number above zero")
    return value


class Command(BaseCommand):
    help = (
        "Read every original again and compare it with what was kept; then look for what else lies in the folder of "
        "images. Changes nothing, and may run beside the server. Ctrl-C interrupts it; the next call goes on. "
        "Exit code: 0 all is well, 1 it could not be run, 2 the command line is wrong, else the sum of 4 missing, "
        "8 changed, 16 unknown, 32 orphaned, 64 stray files, 128 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--restart", action="store_true", help="begin anew instead of going on")
        parser.add_argument("--rate", type=positive_number, metavar="MB/S", help="read at most so much a second")
        parser.add_argument("--full-speed", action="store_true", help="at the priority of any other program")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["full_speed"]:
            lower_priority()
        settings.DATA_PATH.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(settings.DATA_PATH / "verify.lock").acquire(timeout=0):
                code = self._verify(options["restart"], options["rate"])
        except Timeout as taken:
            raise CommandError("Another manage.py verify is at work. Wait for it, or end it.") from taken
        except LibraryError as problem:
            raise CommandError(f"{problem} What was verified so far is kept: run it again.") from problem
        except DATABASE_AWAY as problem:
            raise CommandError(f"The database failed ({str(problem).strip()}). Run it again later.") from problem
        if code:
            sys.exit(code)

    def _verify(self, is_restart: bool, megabytes_per_s: float | None) -> int:
        run = begin_verification(account(), is_restart)
        progress = Progress(self.stdout, "originals")
        total = Image.objects.count()
        if run.image_count:
            progress.tell(f"Going on behind {run.image_count} originals. (--restart begins anew.)")
        with told_to_stop() as told:
            reader = PacedReader(told, megabytes_per_s and megabytes_per_s * 10**6)
            verifier = Verifier(the_library().archive, run, reader.measure, lambda one: progress.tell(describe(one)))
            try:
                for _step in verifier.steps():
                    progress.say(run.image_count, total, f"; {run.last_day}" if run.last_day else "")
                    if told.is_set():
                        raise ToldToStop
            except ToldToStop:
                verifier.save(Verification.State.INTERRUPTED)
            except BaseException:
                verifier.interrupt()
                raise
            finally:
                progress.clear()
        self._summarize(run)
        return exit_code(run)

    def _summarize(self, run: Verification) -> None:
        self.stdout.write(f"{run.image_count} originals read again ({run.byte_count / 1e9:.1f} GB).")
        for kind in Finding.Kind:
            self.stdout.write(f"  {kind.label:9} {run.counts.get(kind, 0)}")
        if not run.is_finished:
            self.stdout.write("Interrupted: run it again for the rest.")


def account() -> str:
    """Who runs it on this computer; empty where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def describe(finding: Finding) -> str:
    return f"{finding.get_kind_display()}: {finding.place} - {finding.detail}"


def exit_code(run: Verification) -> int:
    found = sum(bit for kind, bit in EXIT_CODES.items() if run.counts.get(kind))
    return found | (0 if run.is_finished else INTERRUPTED)
