"""Finds the place of an image in its job. On pages, pictures are numbered from 1; slots count from 0."""

from dataclasses import dataclass

from images.models import Image


@dataclass(frozen=True, slots=True)
class Beside:
    image_id: int
    number: str


@dataclass(frozen=True, slots=True)
class PlaceInJob:
    """`number` is empty for an image that a user added to the job by hand. `before` and `after` are the nearest
    pictures of the job that were stored and are not in the bin."""

    name: str
    number: str = ""
    before: Beside | None = None
    after: Beside | None = None


def find_place_in_job(image: Image) -> PlaceInJob | None:
    """Return None if the image belongs to no job."""
    job = image.job
    if job is None:
        return None
    if image.job_slot is None:
        return PlaceInJob(job.name)
    others = Image.objects.not_binned().filter(job=job).values_list("pk", "job_slot")
    before = others.filter(job_slot__lt=image.job_slot).order_by("-job_slot").first()
    after = others.filter(job_slot__gt=image.job_slot).order_by("job_slot").first()
    number = f"{number_of(image.job_slot)} of {job.expected:,}"
    return PlaceInJob(job.name, number, before and _name(*before), after and _name(*after))


def number_of(slot: int) -> str:
    """Return `No. 629` for slot 628."""
    return f"No. {slot + 1:,}"


def _name(image_id: int, slot: int | None) -> Beside:
    return Beside(image_id, number_of(slot or 0))
