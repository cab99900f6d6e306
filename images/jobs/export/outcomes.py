"""Lists what became of each slot of a job, for its exports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from camera.live.admission import close_database_connections
from images.index.opening import Whereabouts
from images.jobs.plan import Plan
from images.jobs.slots import MISSED, NOT_TAKEN, STORED, TO_COME, SlotNow, list_slots
from images.models import Image, Job
from images.record.image import bits_held, part
from images.record.sums import read_sum

READ_AT_ONCE = 500
DEEP = (16, 32)
NOT_LISTED = "Deleted, or not listed yet"
IN_BIN = "In the bin"
WORDS = {MISSED: "MISSED", NOT_TAKEN: "NOT TAKEN", TO_COME: "TO COME", STORED: "NOT HERE"}


@dataclass(frozen=True, slots=True)
class Picture:
    """What an export needs to know of one image. `shape` is (height, width) or (height, width, 3), `bits` those of a
    value in the file. If `frames` is more than 1, each value is the sum of so many frames, exposed for `exposure_ms`
    each and for `total_exposure_ms` together. `um_per_pixel`, along x and y, is None if the scale is unknown.
    `position`: x, y, z."""

    image_id: int
    filename: str
    size_bytes: int
    sha256: str
    image_format: str
    captured_at: datetime
    exposure_ms: float
    gain_db: float
    shape: tuple[int, ...]
    bits: int
    significant_bits: int
    um_per_pixel: tuple[float, float] | None
    position: tuple[float | None, float | None, float | None]
    is_simulated: bool
    is_changed_since_capture: bool
    frames: int
    total_exposure_ms: float
    place: str | None = None
    store_key: str | None = None
    instrument_id: UUID | None = None

    @property
    def whereabouts(self) -> Whereabouts:
        return Whereabouts(self.filename, self.size_bytes, self.sha256, self.place, self.store_key, self.instrument_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A slot and its picture. Without a picture, `absence` says in words why there is none."""

    slot: SlotNow
    picture: Picture | None = None
    absence: str = ""

    @property
    def number(self) -> int:
        """The number that people see: it counts from 1."""
        return self.slot.number + 1

    @property
    def word(self) -> str:
        """One word or two for a slot without a picture."""
        return WORDS[self.slot.state]


def count_outcomes(job: Job) -> int:
    """Return how many slots an export has. The export of a running job ends at the newest decided slot."""
    return job.expected if job.has_ended else job.decided


def read_outcomes(job: Job, plan: Plan, end: int) -> Iterator[Outcome]:
    """Yield the slots before `end`, in order. Raises Django's DatabaseError. Holds no connection while it waits."""
    for first in range(0, end, READ_AT_ONCE):
        until = min(first + READ_AT_ONCE, end)
        images = Image.objects.filter(job=job, job_slot__gte=first, job_slot__lt=until).defer("search_text", "note")
        by_slot = {image.job_slot: image for image in images}
        outcomes = [_decide(slot, by_slot.get(slot.number)) for slot in list_slots(job, plan, first, until)]
        # An export can take hours to send. Meanwhile it must not keep a database connection from others.
        close_database_connections()
        yield from outcomes


def _decide(slot: SlotNow, image: Image | None) -> Outcome:
    if image is not None and image.binned_at is None:
        return Outcome(slot, describe_picture(image))
    if image is not None:
        return Outcome(slot, absence=IN_BIN)
    return Outcome(slot, absence=NOT_LISTED if slot.state == STORED else slot.reason)


def describe_picture(image: Image) -> Picture:
    record = image.metadata
    is_colour = bool(part(record, "image").get("isColour"))
    bits, summed = part(record, "file").get("bits"), read_sum(record)
    return Picture(
        image_id=image.pk,
        filename=image.filename,
        size_bytes=image.file_size,
        sha256=image.sha256,
        image_format=image.image_format,
        captured_at=image.captured_at,
        exposure_ms=image.exposure_ms,
        gain_db=image.gain_db,
        shape=(image.height, image.width, 3) if is_colour else (image.height, image.width),
        bits=bits if bits in DEEP else 8,
        significant_bits=bits_held(record),
        um_per_pixel=_scale_of(image),
        position=(image.x_position, image.y_position, image.z_position),
        is_simulated=image.is_simulated,
        is_changed_since_capture=bool(image.changed_since_capture),
        frames=summed.frames if summed else 1,
        total_exposure_ms=(summed and summed.total_exposure_ms) or image.exposure_ms,
        place=image.place,
        store_key=image.store_key,
        instrument_id=image.instrument_id,
    )


def _scale_of(image: Image) -> tuple[float, float] | None:
    if image.um_per_pixel_x is None or image.um_per_pixel_y is None:
        return None
    return image.um_per_pixel_x, image.um_per_pixel_y
