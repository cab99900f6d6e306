"""Work: the jobs, and the clock that decides when they are due."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from images.jobs.heartbeat import FILE, Beat, read_heartbeat
from images.jobs.supervisor import the_supervisor
from images.jobs.trouble import find_trouble
from images.jobs.verdict import describe_counts
from images.models import RunDayCount
from images.run_days import FIRST_POSSIBLE, MAX_DRIFT, the_run_days
from microscope.status.line import FINE, WARN, Line
from microscope.status.running import Running

# Twelve heartbeats: a busy PC may be late with some.
STALE = timedelta(seconds=120)
SET_CLOCK = "Set the clock of this PC. If it is right, let a manager press The clock is right."


def read_jobs(running: Running) -> list[Line]:
    return [describe_jobs(find_beat(running), timezone.now())]


def find_beat(running: Running) -> Beat | None:
    """Return the last heartbeat of the jobs: from this process, or from the file that the server writes. None if there
    was no job."""
    if not running.is_here:
        return read_heartbeat(settings.DATA_PATH / FILE)
    sign = the_supervisor().heartbeat.sign
    return Beat(timezone.now(), sign) if sign else None


def describe_jobs(beat: Beat | None, now: datetime) -> Line:
    name = "Jobs"
    if beat is None or (beat.sign.job is None and not beat.sign.waiting):
        return Line(name, FINE, "None", "No job runs or waits")
    sign = beat.sign
    queued = f"{sign.waiting} queued" if sign.waiting else ""
    if sign.job is None:
        shown, word, names, since = queued, "Queued", "", None
    else:
        job = sign.job
        counts = describe_counts(job.expected, job.stored, job.missed)
        shown, word, names = f"{counts}. {queued}".strip(), job.state.capitalize(), job.name
        since = job.awaited_since if job.awaited_since < now else None
    # The sentence names the job, so only managers may read it.
    trouble = find_trouble(beat, now, STALE)
    if trouble:
        todo = "Look at the page of the job, and do what it says."
        return Line(name, WARN, word, shown, since, todo, names=trouble)
    return Line(name, FINE, word, shown, names=names)


def read_clock(running: Running) -> list[Line]:
    """Describe the clock. Raises Django's DatabaseError and InterfaceError, if no server answers."""
    shown = f"{timezone.localtime(timezone=timezone.get_default_timezone()):%Y-%m-%d %H:%M:%S %Z}"
    zone = timezone.get_default_timezone_name()
    now = f"{shown}, zone {zone}"
    if is_clock_in_doubt(running):
        return [Line("Clock", WARN, "In doubt", now, todo=SET_CLOCK)]
    return [Line("Clock", FINE, "Plausible", now)]


def is_clock_in_doubt(running: Running) -> bool:
    """Return True if the clock may be wrong. The server compares it with the seconds that pass. If no server runs, the
    time that it last wrote down counts."""
    if running.is_here:
        return the_run_days().doubt is not None
    if running.health:
        return running.health.get("clock") != "ok"
    now, count = timezone.now(), RunDayCount.objects.first()
    is_early = now < FIRST_POSSIBLE or (count is not None and now < count.expected_at - MAX_DRIFT)
    return is_early or (count is not None and count.is_clock_in_doubt)
