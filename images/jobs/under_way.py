"""The job that this process carries out now. Asks no database, so every page and every poll may show it."""

from datetime import datetime

from images.jobs.heartbeat import JobSign
from images.jobs.supervisor import the_supervisor
from images.models import Job


def find_job_under_way() -> JobSign | None:
    """Return what was last said of the job that has begun. None if no job has, or if another process carries it out."""
    sign = the_supervisor().heartbeat.sign
    return sign.job if sign and not sign.is_ended else None


def find_full_at(job: Job) -> datetime | None:
    """Return when the disk will be full, if that is before this job is at its end. None also if another process carries
    it out."""
    sign = find_job_under_way()
    return sign.full_at if sign and sign.number == job.pk else None


def seconds_to_next(job: JobSign, now: datetime) -> float | None:
    """Return in how many seconds its next picture is due; negative if it is late. None unless the job is running."""
    return (job.awaited_since - now).total_seconds() if job.state == Job.State.RUNNING else None
