"""Jobs that have ended, whose pictures the test makes."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import numpy as np

from camera.frame import Frame
from images.archive.archive import Archive
from images.formats import FORMATS
from images.index.listing import list_original
from images.jobs.plan import parse_plan
from images.models import Image, Job, JobGap
from images.record.jobs import JobRef, describe_job
from images.tests.clocks import START
from images.tests.frames import make_frame, make_record_of, make_sum

LATE = timedelta(milliseconds=12)


def make_ended_job(
    archive: Archive,
    by: Any,
    plan: dict[str, Any],
    make_pixels: Callable[[int], np.ndarray],
    missed: Iterable[int] = (),
    bits: int = 8,
    image_format: str = "tiff",
    scale: dict[str, Any] | None = None,
    name: str = "Wound 3, HeLa",
    frames: int = 1,
) -> Job:
    """Each slot that is not missed has the picture that `make_pixels` makes for its number, 12 ms late. It is the
    sum of `frames` such frames."""
    parsed, missed = parse_plan(plan), sorted(missed)
    job = Job.objects.create(
        name=name,
        user=by,
        state=Job.State.FINISHED,
        plan=parsed.as_json(),
        plan_sha256=parsed.sha256,
        expected=parsed.expected,
        stored=parsed.expected - len(missed),
        missed=len(missed),
        anchor_at=START,
    )
    for slot in parsed.slots(0, parsed.expected):
        due_at = START + slot.due
        if slot.number in missed:
            JobGap.objects.create(
                job=job, first_slot=slot.number, last_slot=slot.number, reason="Camera lost", since=due_at, until=due_at
            )
        else:
            ref = JobRef(job.pk, job.lasting_id, job.name, slot.number, slot.index, due_at, parsed.expected)
            taken_at = due_at + LATE + timedelta(milliseconds=slot.number % max(parsed.round_size, 1))
            pixels = make_pixels(slot.number)
            said = {"bits": bits, "taken_at": taken_at, "frame_number": slot.number}
            frame = make_frame(pixels, **said) if frames == 1 else make_sum([pixels] * frames, bits, taken_at=taken_at)
            _keep(archive, by, ref, frame, image_format, scale)
    return job


def _keep(
    archive: Archive,
    by: Any,
    job: JobRef,
    frame: Frame,
    image_format: str,
    scale: dict[str, Any] | None,
) -> Image:
    known = FORMATS[image_format]
    record = make_record_of(frame, image_format, by.username, job=describe_job(job), scale=scale)
    kept = archive.keep(frame.captured_at, known.extension, lambda file: known.write(file, frame.pixels, record, 95))
    image = list_original(kept, record, user_id=by.pk, job_id=job.number, job_slot=job.slot)
    if scale:
        sizes = {"um_per_pixel_x": scale["umPerPixelX"], "um_per_pixel_y": scale["umPerPixelY"]}
        Image.objects.filter(pk=image.pk).update(**sizes)
    return image


def path_of_slot(archive: Archive, job: Job, slot: int) -> Any:
    return archive.path_of(Image.objects.get(job=job, job_slot=slot).filename)


def content_of(response: Any) -> bytes:
    """All that the answer holds; as long as it says, if it says."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    said = response.headers.get("Content-Length")
    assert said is None or int(said) == len(content)
    return content
