"""The plan of a job, as its row holds it."""

from images.jobs.plan import Plan, parse_plan
from images.jobs.plan.errors import PlanRefused
from images.models import Job


def read_plan(job: Job) -> Plan:
    """Return the plan of a job. Raises PlanRefused if it is not the one with which the job was made."""
    plan = parse_plan(job.plan or {})
    if plan.sha256 != job.plan_sha256:
        raise PlanRefused("", "The plan in the database is not the one with which the job was made.")
    return plan
