"""Read every original again, compare every row with its files, and look for other files in the folder of images."""

import getpass
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from filelock import FileLock, Timeout

from camera.stop_signals import stop_requested
from images.archive.paced_reader import PacedReader, StopRequested, lower_priority, stop_when
from images.errors import LibraryError
from images.library import the_library
from images.management.originals import require_originals
from images.management.progress import Progress
from images.models import Finding, Image, Verification
from images.verification.run import Verifier, begin_verification

# Each kind is one bit. 1 and 2 are taken: Django exits with 1 if a command fails, Python with 2 if its arguments are
# wrong. A code has only eight bits, so the two kinds of changed content share the 8.
EXIT_CODES = {
    Finding.Kind.MISSING: 4,
    Finding.Kind.CHANGED: 8,
    Finding.Kind.DIFFERS: 8,
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


def add_pace_options(parser: ArgumentParser) -> None:
    """Add the options of every command that reads the whole library."""
    parser.add_argument("--rate", type=positive_number, metavar="MB/S", help="maximum reading speed")
    parser.add_argument("--full-speed", action="store_true", help="do not give way to captures")


class Command(BaseCommand):
    help = (
        "Read every original again and compare it with its SHA-256, and its row with its files. Then look for other "
        "files in the folder of images. It changes nothing, and the server may run meanwhile. Ctrl-C interrupts it; "
        "the next run continues. Exit code: 0 no findings, 1 it could not run, 2 the command line is wrong, else the "
        "sum of 4 missing, 8 changed originals or rows that differ from their files, 16 unknown, 32 orphaned, 64 stray "
        "files, 128 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--restart", action="store_true", help="start from the beginning instead of continuing")
        add_pace_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        require_originals()
        if not options["full_speed"]:
            lower_priority()
        # For the lock: on a new PC, this command may be the first one.
        settings.DATA_PATH.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(settings.DATA_PATH / "verify.lock").acquire(timeout=0):
                code = self._verify(options["restart"], options["rate"])
        except Timeout as taken:
            raise CommandError("Another manage.py verify is running. Wait for it or stop it.") from taken
        # The archive went away, for example. This is no finding about any original.
        except LibraryError as problem:
            raise CommandError(f"{problem} The results so far are saved. Run it again to continue.") from problem
        if code:
            sys.exit(code)

    def _verify(self, is_restart: bool, megabytes_per_s: float | None) -> int:
        run = begin_verification(account(), is_restart)
        progress = Progress(self.stdout, "originals")
        total = Image.objects.of_this_pc().count()
        if run.image_count:
            progress.report(f"Continuing after {run.image_count} originals. (Use --restart to start again.)")
        with stop_requested() as requested:
            reader = PacedReader(requested, megabytes_per_s and megabytes_per_s * 10**6)
            go_on = stop_when(requested)
            verifier = Verifier(
                the_library().archive, run, reader.measure, lambda one: progress.report(describe(one)), go_on
            )
            try:
                for _step in verifier.steps():
                    progress.say(run.image_count, total, f"; {run.last_day}" if run.last_day else "")
                    go_on()
            except StopRequested:
                verifier.save(Verification.State.INTERRUPTED)
            except BaseException:
                # Without this, the run would look alive for minutes, and its page would say "running".
                verifier.interrupt()
                raise
            finally:
                progress.clear()
        self._summarize(run)
        return exit_code(run)

    def _summarize(self, run: Verification) -> None:
        self.stdout.write(f"{run.image_count} originals verified ({run.byte_count / 1e9:.1f} GB).")
        if run.in_store_count:
            self.stdout.write(f"{run.in_store_count} of them are in the store, not here, and were not read.")
        for kind in Finding.Kind:
            self.stdout.write(f"  {kind.label:9} {run.counts.get(kind, 0)}")
        if not run.is_finished:
            self.stdout.write("Interrupted. Run it again to continue.")


def account() -> str:
    """Return the user name of the operating system, or "" if it is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def describe(finding: Finding) -> str:
    return f"{finding.get_kind_display()}: {finding.place} - {finding.detail}"


def exit_code(run: Verification) -> int:
    code = 0 if run.is_finished else INTERRUPTED
    for kind, bit in EXIT_CODES.items():
        if run.counts.get(kind):
            code |= bit
    return code
