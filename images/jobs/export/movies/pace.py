"""Foretells how long a movie takes, from the last movie of its format since the program started."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from images.jobs.export.movies.movie import Movie

_seconds_per_pixel: dict[str, float] = {}


@contextmanager
def measuring(kind: str, movie: Movie) -> Iterator[None]:
    """Measure how long it takes to make this movie within the block. A movie that fails does not count."""
    began_s = time.monotonic()
    yield
    pixels = sum(count_pixels(outcome.picture.shape) for outcome in movie.outcomes if outcome.picture)
    if pixels:
        _seconds_per_pixel[kind] = (time.monotonic() - began_s) / pixels


def foretell_seconds(kind: str, frames: int, shape: tuple[int, ...]) -> float | None:
    """Return in how many seconds so many pictures of this shape become a movie. None if no movie of this format was
    made yet."""
    each_s = _seconds_per_pixel.get(kind)
    return None if each_s is None else each_s * frames * count_pixels(shape)


def count_pixels(shape: tuple[int, ...]) -> int:
    return shape[0] * shape[1]
