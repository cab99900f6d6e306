# ruff: noqa: N999 (people type check-jobs)
"""Tell whether somebody should look after the jobs: for cron and the Task Scheduler of Windows."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from images.errors import DATABASE_AWAY
from images.jobs.heartbeat import FILE, Beat, read_heartbeat
from images.jobs.trouble import describe_beat, find_trouble, show_time
from images.jobs.verdict import describe_verdict
from images.models import Job

# A heartbeat comes every ten seconds. After less than three of them, a healthy program would count as dead.
STALE_S, MIN_STALE_S = 120, 30
FAILED_WITHIN = timedelta(days=1)


class Command(BaseCommand):
    help = (
        "Tell whether somebody should look after the jobs. Works while the server runs, and also if it is dead or its "
        "database does not answer. Prints one line; with -v0 only if something is wrong. Exit code: 0 all is well, "
        "1 somebody should look."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = f"from how many seconds without a sign of life on the program counts as dead; default: {STALE_S}"
        parser.add_argument("--stale", type=_read_seconds, default=STALE_S, metavar="SECONDS", help=about)

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        beat = read_heartbeat(settings.DATA_PATH / FILE)
        stale = timedelta(seconds=options["stale"])
        if trouble := (find_trouble(beat, now, stale) if beat else "") or find_trouble_in_rows(beat, now, stale):
            raise CommandError(trouble)
        if options["verbosity"] and beat:
            self.stdout.write(describe_beat(beat))
        elif options["verbosity"]:
            self.stdout.write("No job is under way.")


def find_trouble_in_rows(beat: Beat | None, now: datetime, stale: timedelta) -> str:
    """Return the trouble that no heartbeat shows; empty if all is well. If there is a heartbeat, the database may be
    away."""
    try:
        failed = Job.objects.with_plan().filter(state=Job.State.FAILED, ended_at__gt=now - FAILED_WITHIN).first()
        is_dead = beat is None or abs(now - beat.at) > stale
        left = (Job.objects.active() | Job.objects.waiting()).order_by("id").first() if is_dead else None
        if failed:
            detail = f"{failed.reason}. {failed.detail}".strip()
            verdict = describe_verdict(failed, failed.gaps.count())
            return f"The job {failed.name} failed at {show_time(failed.ended_at or now)}: {detail} {verdict}"
    except DATABASE_AWAY as away:
        reason = str(away).strip()
        return "" if beat else f"There is no heartbeat, and the database does not answer: {reason}"
    if left:
        return (
            f"The program does not run, and the job {left.name} is {left.state}. Start it: the job goes on by itself."
        )
    return ""


def _read_seconds(text: str) -> int:
    return max(int(text), MIN_STALE_S)
