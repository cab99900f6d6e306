"""Describes in words and numbers what happened to a job."""

import socket
from datetime import datetime
from enum import StrEnum
from typing import Any

from images.jobs.verdict import describe_verdict
from images.models import Job


class What(StrEnum):
    """What happened to a job. `stalled`: a picture is overdue for long, and none has come. `disk_filling`: the disk
    will be full before the job has ended."""

    BEGUN = "begun"
    PAUSED = "paused"
    CONTINUED = "continued"
    RESUMED = "resumed"
    STALLED = "stalled"
    RECOVERED = "recovered"
    DISK_FILLING = "disk_filling"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


ENDS = (What.FINISHED, What.STOPPED, What.FAILED)
# With these, somebody should look.
ALARMS = (What.PAUSED, What.STALLED, What.FAILED)

TITLES = {
    What.BEGUN: "has begun",
    What.PAUSED: "is paused",
    What.CONTINUED: "goes on",
    What.RESUMED: "goes on: the program started again",
    What.STALLED: "makes no progress",
    What.RECOVERED: "makes progress again",
    What.DISK_FILLING: "needs more room than there is",
    What.FINISHED: "is finished",
    What.STOPPED: "is stopped",
    What.FAILED: "failed",
}


def describe_facts(job: Job, what: What, at: datetime, reason: str, detail: str) -> dict[str, Any]:
    """Return the job's state as JSON. `reason` and `detail` say why, in words; empty if there is nothing to explain."""
    gaps = job.gaps.count() if job.pk else 0
    return {
        "at": at.isoformat(),
        "computer": socket.gethostname(),
        "jobId": job.pk,
        "lastingId": str(job.lasting_id),
        "name": job.name,
        "kind": job.kind,
        "user": job.user.get_username() if job.pk else "",
        "state": job.state,
        "reason": reason,
        "detail": detail,
        "expected": job.expected,
        "stored": job.stored,
        "missed": job.missed,
        "gaps": gaps,
        "title": describe_title(job, what, reason),
        "verdict": describe_verdict(job, gaps, has_ended=what in ENDS),
    }


def describe_title(job: Job, what: What, reason: str) -> str:
    """Return `Wound 3 is paused: Disk at its reserve`. It is one line, whatever the name of the job contains."""
    because = f": {reason}" if reason and what is not What.RESUMED else ""
    return " ".join(f"{job.name} {TITLES[what]}{because}".split())
