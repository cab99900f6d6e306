"""Read objects back from the store, and compare each with its row."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from filelock import FileLock, Timeout

from camera.stop_signals import stop_requested
from images.archive.paced_reader import StopRequested, lower_priority, stop_when
from images.management.progress import Progress
from images.spool.make import make_pace
from images.spool.scrub import ScrubProgress, count_to_scrub, scrub
from images.spool.scrub_state import ScrubOutcome, note_scrub, read_scrub
from images.spool.second_look import Seen
from images.store.client import Store
from images.store.errors import StoreError
from images.store.watch import the_store_watch

# The same exit codes as manage.py verify.
EXIT_CODES = {Seen.WHOLE: 0, Seen.LOST: 4, Seen.CHANGED: 8}
INTERRUPTED = 128


def percent(text: str) -> float:
    value = float(text)
    if not 0 < value <= 100:
        raise ArgumentTypeError("must be a number above 0, and at most 100")
    return value


class Command(BaseCommand):
    help = (
        "Read originals back from the object store as a whole, and compare them with their SHA-256. Those come first "
        "that were not read back for longest. It may run on any node, and the server may run meanwhile. S3_MAX_MBPS "
        "limits its speed. Ctrl-C interrupts it; the next --all continues. Exit code: 0 all are whole, 1 it could not "
        "run, 2 the command line is wrong, else the sum of 4 lost, 8 with other bytes, 128 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        how_many = parser.add_mutually_exclusive_group(required=True)
        how_many.add_argument("--sample", type=percent, metavar="PERCENT", help="read so many percent of all objects")
        how_many.add_argument("--all", action="store_true", help="read every object")
        parser.add_argument("--full-speed", action="store_true", help="do not give way to captures")

    def handle(self, *args: Any, **options: Any) -> None:
        watch = the_store_watch()
        if watch is None:
            raise CommandError("No store is set: set S3_BUCKET and its keys.")
        if not options["full_speed"]:
            lower_priority()
        settings.DATA_PATH.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(settings.DATA_PATH / "scrub.lock").acquire(timeout=0):
                code = self._scrub(watch.store, options["sample"])
        except Timeout as taken:
            raise CommandError("Another manage.py scrub is running. Wait for it or stop it.") from taken
        except StoreError as problem:
            raise CommandError(f"{problem} {problem.todo} What was found is saved. Run it again.") from problem
        if code:
            sys.exit(code)

    def _scrub(self, store: Store, sample: float | None) -> int:
        not_since = timezone.now() if sample else self._find_beginning()
        total, is_cut_short = count_to_scrub(sample or 100), True
        done = ScrubProgress(total)
        progress = Progress(self.stdout, "objects")
        try:
            with stop_requested() as requested:
                go_on = stop_when(requested)
                for done in scrub(store, total, not_since, progress.report, go_on, make_pace()):
                    progress.say(done.looked_at, total)
                    go_on()
            is_cut_short = False
        except StopRequested:
            pass
        finally:
            progress.clear()
            self._note(done, is_cut_short, "" if sample or not is_cut_short else not_since.isoformat())
        self._summarize(done, is_cut_short)
        found = sum(code for seen, code in EXIT_CODES.items() if done.counts[seen])
        return found | (INTERRUPTED if is_cut_short else 0)

    def _find_beginning(self) -> datetime:
        """Return when the scrub began that is to be continued; now, if there is none."""
        last = read_scrub(settings.DATA_PATH)
        if last is None or not last.unfinished_since:
            return timezone.now()
        self.stdout.write(f"Continuing what began at {last.unfinished_since}.")
        return datetime.fromisoformat(last.unfinished_since)

    def _note(self, done: ScrubProgress, is_cut_short: bool, unfinished_since: str) -> None:
        counts = done.counts[Seen.LOST], done.counts[Seen.CHANGED]
        now = timezone.now().isoformat(timespec="milliseconds")
        outcome = ScrubOutcome(now, done.looked_at, done.byte_count, *counts, is_cut_short, unfinished_since)
        note_scrub(settings.DATA_PATH, outcome)

    def _summarize(self, done: ScrubProgress, is_cut_short: bool) -> None:
        self.stdout.write(f"{done.looked_at} objects read back ({done.byte_count / 1e9:.1f} GB).")
        for seen in Seen:
            self.stdout.write(f"  {seen.value:9} {done.counts[seen]}")
        if is_cut_short:
            self.stdout.write("Interrupted. Run it again to continue.")
