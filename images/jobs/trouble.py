"""Why somebody should look after the jobs, in sentences."""

from datetime import datetime, timedelta

from django.utils import timezone

from images.jobs.heartbeat import Beat, JobSign
from images.jobs.verdict import describe_counts
from images.models import Job

# A picture may be this late before somebody is told, because a lost camera often comes back by itself.
PATIENCE = timedelta(minutes=10)
# The people who paused a job, or were asked something, know about it.
PAUSED_BY_PEOPLE = (Job.PauseCause.USER, Job.PauseCause.PLANE)


def find_trouble(beat: Beat, now: datetime, stale: timedelta) -> str:
    """Return why somebody should look after the jobs, in sentences; empty if all is well. A heartbeat older than
    `stale` is that of a dead program."""
    sign = beat.sign
    if sign.job is None and not sign.waiting:
        return ""
    # The order matters: a program that was ended also gives no sign of life, but the advice differs.
    if sign.is_ended:
        return f"The program was ended at {show_time(beat.at)}. {_describe_work(beat)} Start the program: it goes on."
    # `abs`: a beat in the future comes from a clock that was set back, and proves nothing either.
    if abs(now - beat.at) > stale:
        return (
            f"The program gives no sign of life since {show_time(beat.at)}. {_describe_work(beat)} "
            "Start the program: it goes on by itself. If it runs, see its log."
        )
    if now - sign.worked_at > stale + timedelta(seconds=sign.patience_s):
        return (
            # The beat comes from a thread of its own. This one asks if the thread that runs jobs is alive too.
            f"The program runs, but does nothing for its jobs since {show_time(sign.worked_at)}: see its log. "
            + _describe_work(beat)
        )
    return describe_trouble(sign.job, sign.patience_s, now) if sign.job else ""


def describe_trouble(job: JobSign, patience_s: float, now: datetime) -> str:
    """Return what keeps a job from going on; empty if nothing does, or if people paused it."""
    if job.state == Job.State.PAUSED:
        if job.pause_cause in PAUSED_BY_PEOPLE:
            return ""
        return f"The job {job.name} is paused: {job.reason}. {job.detail}".strip()
    if is_stalled(job, patience_s, now):
        because = f" {job.reason}. {job.detail}".rstrip() if job.reason else ""
        return f"The job {job.name} makes no progress: no picture since {show_time(job.awaited_since)}.{because}"
    return ""


def is_stalled(job: JobSign, patience_s: float, now: datetime) -> bool:
    """Return True if the next picture is overdue for too long. `patience_s`: how long one picture may take."""
    return job.state == Job.State.RUNNING and now - job.awaited_since > PATIENCE + timedelta(seconds=patience_s)


def describe_beat(beat: Beat) -> str:
    """Describe the jobs if all is well."""
    return _describe_work(beat) or "No job is under way."


def show_time(moment: datetime) -> str:
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%Y-%m-%d %H:%M:%S %Z}"


def _describe_work(beat: Beat) -> str:
    job, waiting = beat.sign.job, beat.sign.waiting
    running = f"The job {job.name} is {job.state}: {_describe_so_far(job)}." if job else ""
    queued = f"{waiting} job{'s wait' if waiting > 1 else ' waits'} to begin." if waiting else ""
    return " ".join(filter(None, (running, queued)))


def _describe_so_far(job: JobSign) -> str:
    because = f" ({job.reason})" if job.reason else ""
    return describe_counts(job.expected, job.stored, job.missed) + because
