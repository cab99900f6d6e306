"""The job that this process runs now. Makes no query, so every page and every poll may show it."""

from datetime import datetime

from images.jobs.heartbeat import JobSign
from images.jobs.supervisor import the_supervisor
from images.models import Job


def find_job_under_way() -> JobSign | None:
    """Return the last report about the job that has begun. None if no job has begun, or if another process runs it."""
    sign = the_supervisor().heartbeat.sign
    return sign.job if sign and not sign.is_ended else None


def find_full_at(job: Job) -> datetime | None:
    """Return when the disk will be full, if that is before this job has ended. None also if another process runs the
    job."""
    sign = find_job_under_way()
    return sign.full_at if sign and sign.number == job.pk else None


def seconds_to_next(job: JobSign, now: datetime) -> float | None:
    """Return in how many seconds its next picture is due; negative if it is late. None unless the job is running."""
    return (job.awaited_since - now).total_seconds() if job.state == Job.State.RUNNING else None
