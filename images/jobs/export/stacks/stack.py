"""The pictures of a job in the order of a stack: time slowest, then plane, then channel."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from images.errors import NotAnOriginal, OriginalChanged, OriginalMissing
from images.export.convert import read_pixels
from images.index.opening import find_size
from images.jobs.export.errors import NothingToExport, PicturesDiffer
from images.jobs.export.movies.drawing import draw_words
from images.jobs.export.order import ExportOrder
from images.jobs.export.outcomes import Outcome, Picture
from images.jobs.plan import Plan
from images.library import the_library
from images.models import Image, Job

FILE_MISSING, FILE_CHANGED = "File missing", "File changed"
AXES = "tzc"


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of a stack. `outcome` is None for a slot that is still to come. `place` is its (position, t, z, c)."""

    place: tuple[int, int, int, int]
    outcome: Outcome | None

    @property
    def picture(self) -> Picture | None:
        return self.outcome.picture if self.outcome else None

    @property
    def absence(self) -> str:
        """Why there is no picture, in words: `No. 118 MISSED: Camera lost`."""
        if self.outcome is None:
            return "TO COME"
        reason = f": {self.outcome.absence}" if self.outcome.absence else ""
        return f"No. {self.outcome.number} {self.outcome.word}{reason}"


@dataclass(frozen=True, slots=True)
class Stack:
    """All cells in the order of the file, position by position. `sizes` are positions, times, planes, channels; `kept`
    are the indexes along t, z and c that are in the file. All pictures are like `first`."""

    cells: list[Cell]
    sizes: tuple[int, int, int, int]
    kept: dict[str, list[int]]
    first: Picture
    um_per_pixel: tuple[float, float] | None
    significant_bits: int
    is_simulated: bool
    has_left_out: bool

    @property
    def words_of_sum(self) -> str:
        """Say what the values are if each is the sum of several frames; otherwise empty."""
        frames = self.first.frames
        return f"Each value is the exact sum of {frames:,} frames" if frames > 1 else ""

    @property
    def is_colour(self) -> bool:
        return len(self.first.shape) == 3


def count_slots(job: Job, plan: Plan) -> int:
    """Return how many slots a stack has: up to the end of the newest round, so that it has all channels and planes of
    each time."""
    return -(-job.decided // plan.round_size) * plan.round_size


def arrange(outcomes: Iterable[Outcome], order: ExportOrder) -> Stack:
    """Return the stack of these outcomes. Raises NothingToExport or PicturesDiffer."""
    found = {_place_of(outcome): note_file(outcome) for outcome in outcomes if order.has_chosen(outcome)}
    pictures = [outcome.picture for outcome in found.values() if outcome.picture]
    if not pictures:
        raise NothingToExport("None of these pictures is stored. Export the table of slots (csv): it says why.")
    require_alike(pictures)
    axes = [sorted({place[axis] for place in found}) for axis in range(4)]
    full = [len(axis) for axis in axes]
    if order.leaves_out_missed:
        _leave_out(axes, found)
    places = list(product(axes[0], axes[1], axes[2], axes[3]))
    scales = {picture.um_per_pixel for picture in pictures}
    return Stack(
        cells=[Cell(place, found.get(place)) for place in places],
        sizes=(len(axes[0]), len(axes[1]), len(axes[2]), len(axes[3])),
        kept=dict(zip(AXES, axes[1:], strict=True)),
        first=pictures[0],
        # A scale that changed on the way is no scale of the stack.
        um_per_pixel=scales.pop() if len(scales) == 1 else None,
        significant_bits=max(picture.significant_bits for picture in pictures),
        is_simulated=any(picture.is_simulated for picture in pictures),
        has_left_out=full != [len(axis) for axis in axes],
    )


def _place_of(outcome: Outcome) -> tuple[int, int, int, int]:
    index = outcome.slot.index
    return index.get("p", 0), index.get("t", 0), index.get("z", 0), index.get("c", 0)


def _leave_out(axes: list[list[int]], found: dict[tuple[int, int, int, int], Outcome]) -> None:
    """Leave out what has no picture at all along the slowest axis of the file: a stack has no holes."""
    slowest = next((axis for axis in (1, 2, 3) if len(axes[axis]) > 1), 1)
    axes[slowest] = sorted({place[slowest] for place, outcome in found.items() if outcome.picture})


def note_file(outcome: Outcome) -> Outcome:
    """Return the outcome without its picture if the file is not there or has another length. Does not read the file."""
    if outcome.picture is None:
        return outcome
    try:
        size_bytes = find_size(outcome.picture.whereabouts, the_library().archive)
    except (OSError, NotAnOriginal):
        return Outcome(outcome.slot, absence=FILE_MISSING)
    return outcome if size_bytes == outcome.picture.size_bytes else Outcome(outcome.slot, absence=FILE_CHANGED)


def require_alike(pictures: list[Picture]) -> None:
    """Raise PicturesDiffer, with two of the kinds, if these pictures make no stack."""
    kinds = {(picture.shape, picture.bits, picture.frames): picture for picture in pictures}
    if len(kinds) > 1:
        one, other = (_say_kind(picture) for picture in list(kinds.values())[:2])
        raise PicturesDiffer(
            f"The pictures of this job are not all alike: some are {one}, others {other}. A stack cannot hold both. "
            "Export the ZIP."
        )


def _say_kind(picture: Picture) -> str:
    height, width = picture.shape[:2]
    added = f", sums of {picture.frames} frames" if picture.frames > 1 else ""
    return f"{width} x {height}, {picture.bits} bit, {'colour' if len(picture.shape) == 3 else 'mono'}{added}"


def read_picture(picture: Picture) -> np.ndarray | str:
    """Return the pixels of the original, or in words why they are not there. Raises StorageUnavailable, or
    OriginalAway: if the store is away for a moment, no stack is made, because it would have a hole."""
    image = Image(
        filename=picture.filename,
        file_size=picture.size_bytes,
        sha256=picture.sha256,
        image_format=picture.image_format,
        place=picture.place,
        store_key=picture.store_key,
        instrument_id=picture.instrument_id,
    )
    try:
        pixels = read_pixels(image)
    except OriginalMissing:
        return FILE_MISSING
    except OriginalChanged:
        return FILE_CHANGED
    is_as_said = pixels.shape == picture.shape and 8 * pixels.itemsize == picture.bits
    return pixels if is_as_said else FILE_CHANGED


def read_planes(stack: Stack, lose: Callable[[int, str], None]) -> Iterator[np.ndarray]:
    """Yield the pixels of each cell; zeros if there is no picture. If an original is found missing or changed only now,
    calls `lose(number of the cell, why)`, and its plane shows the words. Raises StorageUnavailable."""
    blank = np.zeros(stack.first.shape, f"u{stack.first.bits // 8}")
    for number, cell in enumerate(stack.cells):
        pixels = read_picture(cell.picture) if cell.picture else blank
        if isinstance(pixels, str):
            lose(number, pixels)
            # Above 4 GB no label can say it any more, so the pixels do.
            pixels = draw_words(blank, pixels)
        yield pixels
