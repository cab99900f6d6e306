"""The errors of jobs that wait. images/errors.py has the other errors of jobs."""

from images.errors import JobError


class NotInQueue(JobError):
    """The job has begun, is paused or has ended, so it has no place in the queue."""

    code = "not_in_queue"
