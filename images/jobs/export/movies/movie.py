"""The frames of a movie of a job, one after the other: pictures with their time and scale, and black frames that say
what was missed."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from PIL import Image

from camera.frame import to_display
from images.jobs.export.errors import ExportBusy, ExportTooLarge, MovieFailed, NothingToExport
from images.jobs.export.movies.drawing import make_blank_frame, make_frame
from images.jobs.export.order import ExportOrder
from images.jobs.export.outcomes import Outcome, Picture
from images.jobs.export.stacks.stack import note_file, read_picture
from images.jobs.plan import Plan
from images.models import Job

MAX_FRAMES = 20_000
WAIT_S = 20
DEADLINE_S = 15 * 60
# Drawing frames keeps a processor busy. Two movies leave room for captures.
_making = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Movie:
    """Which frames there are, and how they look. `size` is width and height in pixels, both even."""

    outcomes: list[Outcome]
    size: tuple[int, int]
    began_at: datetime
    has_scale_bar: bool
    has_time_stamp: bool
    shows_milliseconds: bool
    frames_per_s: int

    @property
    def is_simulated(self) -> bool:
        return any(outcome.picture.is_simulated for outcome in self.outcomes if outcome.picture)

    def draw(self) -> Iterator[Image.Image]:
        """Yield each frame, drawn now. Raises StorageUnavailable."""
        for outcome in self.outcomes:
            yield self._draw(outcome)

    def _draw(self, outcome: Outcome) -> Image.Image:
        picture, stamp = outcome.picture, self._stamp(outcome)
        if picture is None:
            words = f"No. {outcome.number} {outcome.word.lower()}"
            return make_blank_frame(self.size, f"{words}: {outcome.absence}" if outcome.absence else words, stamp)
        pixels = read_picture(picture)
        if isinstance(pixels, str):
            return make_blank_frame(self.size, f"No. {outcome.number} not here: {pixels}", stamp)
        um_per_pixel = picture.um_per_pixel[0] if picture.um_per_pixel and self.has_scale_bar else None
        return make_frame(to_display(pixels, picture.significant_bits), self.size, um_per_pixel, stamp)

    def _stamp(self, outcome: Outcome) -> str:
        moment = outcome.picture.captured_at if outcome.picture else outcome.slot.due_at
        mark = "SIMULATED" if outcome.picture and outcome.picture.is_simulated else ""
        if not self.has_time_stamp:
            return mark
        texts = [f"No. {outcome.number}"]
        if moment is not None:
            texts += [self._say_elapsed(moment - self.began_at), f"{moment:%Y-%m-%d %H:%M:%S} UTC"]
        return "  ".join([*texts, mark]).rstrip()

    def _say_elapsed(self, span: timedelta) -> str:
        milliseconds = max(span // timedelta(milliseconds=1), 0)
        seconds, milliseconds = divmod(milliseconds, 1000)
        fraction = f".{milliseconds:03d}" if self.shows_milliseconds else ""
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def plan_movie(job: Job, plan: Plan, order: ExportOrder, outcomes: Iterable[Outcome], max_side_px: int) -> Movie:
    """Return the movie of these outcomes. Raises NothingToExport or ExportTooLarge."""
    found = [note_file(outcome) for outcome in outcomes if order.has_chosen(outcome)]
    first = next((outcome.picture for outcome in found if outcome.picture), None)
    if first is None:
        raise NothingToExport("None of these pictures is stored. Export the table of slots (csv): it says why.")
    shown = [outcome for outcome in found if outcome.picture or not order.leaves_out_missed]
    if len(shown) > MAX_FRAMES:
        raise ExportTooLarge(
            f"This movie would have {len(shown):,} frames, and a movie has at most {MAX_FRAMES:,}. Choose one "
            "position, channel or plane, leave out what was missed, or export a stack."
        )
    began_at = job.anchor_at or first.captured_at
    is_fast = plan.time is not None and any(phase.interval < timedelta(seconds=1) for phase in plan.time.phases)
    return Movie(
        outcomes=shown,
        size=_fit(first, max_side_px),
        began_at=began_at,
        has_scale_bar=order.has_scale_bar,
        has_time_stamp=order.has_time_stamp,
        shows_milliseconds=is_fast,
        frames_per_s=order.frames_per_s,
    )


@contextmanager
def taking_turns() -> Iterator[None]:
    """Wait until few enough movies are being made. Raises ExportBusy."""
    if not _making.acquire(timeout=WAIT_S):
        raise ExportBusy("Two other movies are being made. Try again when they are done.")
    try:
        yield
    finally:
        _making.release()


@contextmanager
def raising_movie_errors() -> Iterator[None]:
    """Turn the operating system's errors about temporary files into MovieFailed."""
    try:
        yield
    except OSError as problem:
        raise MovieFailed(f"The movie could not be written to the folder for temporary files: {problem}.") from problem


def require_in_time(until_s: float) -> None:
    """Raise MovieFailed if the monotonic clock is past `until_s`."""
    if time.monotonic() > until_s:
        raise MovieFailed(
            f"The movie was not done after {DEADLINE_S // 60} minutes, so it was given up. Choose one position, "
            "channel or plane, or export a stack."
        )


def _fit(picture: Picture, max_side_px: int) -> tuple[int, int]:
    """Return width and height of the frames. Video needs even numbers."""
    height, width = picture.shape[:2]
    share = min(max_side_px / max(width, height), 1)
    return max(round(width * share / 2) * 2, 2), max(round(height * share / 2) * 2, 2)
