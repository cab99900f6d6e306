"""Foretells how large the exports of a job will be. Takes the same time for any job."""

from dataclasses import dataclass
from math import prod

from django.db.models import Avg, Count

from images.jobs.export.outcomes import Picture, count_outcomes, describe_picture
from images.jobs.export.stacks.stack import count_slots
from images.jobs.plan import Plan
from images.models import Image, Job

# So many pictures are measured. Their mean counts for all pictures of the job.
SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Forecast:
    """`lines` are those of the table, `planes` those of a stack, `stored` the pictures of a ZIP. `stack_bytes`: all
    planes. `short_stack_bytes`: without what was missed; None if that depends on which ones. `zip_bytes` is a mean
    times a count unless `is_zip_exact`. `picture` is the first one."""

    lines: int
    planes: int
    stored: int
    picture: Picture
    stack_bytes: int
    short_stack_bytes: int | None
    zip_bytes: int
    is_zip_exact: bool


def foresee(job: Job, plan: Plan) -> Forecast | None:
    """Return the forecast; None if no picture can be exported."""
    images = Image.objects.not_binned().filter(job=job, job_slot__isnull=False)
    first = images.order_by("job_slot").first()
    if first is None:
        return None
    sample = images.newest_first().values("file_size")[: SAMPLE + 1].aggregate(count=Count("*"), mean=Avg("file_size"))
    is_whole = sample["count"] <= SAMPLE
    stored = sample["count"] if is_whole else job.stored
    picture, planes = describe_picture(first), count_slots(job, plan)
    plane_bytes = prod(picture.shape) * picture.bits // 8
    return Forecast(
        lines=count_outcomes(job),
        planes=planes,
        stored=stored,
        picture=picture,
        stack_bytes=plane_bytes * planes,
        short_stack_bytes=plane_bytes * stored if plan.round_size == 1 else None,
        zip_bytes=round(sample["mean"] * stored),
        is_zip_exact=is_whole,
    )
