"""The film of a job: some of its pictures and each of its newest gaps, in the order in which they were due."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from images.models import Image, Job, JobGap
from images.pages.jobs.words import RANGE, describe_numbers, format_clock

MAX_PICTURES = 40
MAX_GAP_TILES = 20
# Round numbers in which people count. After the last one come its multiples.
STEPS = (1, 2, 3, 5, 6, 10, 12, 15, 20, 24, 30, 50, 60, 100)


def describe_film(job: Job, gaps: Sequence[JobGap], shown_slot: int | None) -> dict[str, Any]:
    """Describe the film. `step`: each picture whose number is a multiple of it is shown."""
    decided = job.decided
    step = choose_step(decided)
    slots = _find_sample(decided, step, shown_slot)
    images = Image.objects.filter(job=job, job_slot__in=slots).defer("metadata")
    tiles = [_describe_picture(image, shown_slot) for image in images]
    tiles += [_describe_gap(gap) for gap in gaps[-MAX_GAP_TILES:]]
    return {"step": step, "suffix": _suffix_of(step), "tiles": sorted(tiles, key=lambda tile: tile["slot"])}


def _suffix_of(number: int) -> str:
    """Return the ending of an English ordinal: `12th`, `2nd`."""
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def choose_step(count: int) -> int:
    least = -(-count // MAX_PICTURES)
    place = bisect_right(STEPS, least - 1)
    return STEPS[place] if place < len(STEPS) else -(-least // STEPS[-1]) * STEPS[-1]


def _find_sample(decided: int, step: int, shown_slot: int | None) -> set[int]:
    """Return the multiples of `step`, the newest picture, and the one that the page shows."""
    slots = set(range(step - 1, decided, step)) | {decided - 1}
    return slots | ({shown_slot} if shown_slot is not None else set())


def _describe_picture(image: Image, shown_slot: int | None) -> dict[str, Any]:
    slot = image.job_slot or 0
    return {"slot": slot, "number": slot + 1, "image": image, "is_shown": slot == shown_slot}


def _describe_gap(gap: JobGap) -> dict[str, Any]:
    return {
        "slot": gap.first_slot,
        "number": gap.first_slot + 1,
        "missed": gap.last_slot - gap.first_slot + 1,
        "when": f"{format_clock(gap.since)}{RANGE}{format_clock(gap.until)}",
        "which": describe_numbers(gap.first_slot, gap.last_slot),
        "reason": gap.reason,
    }
