"""Groups the rows of images by the day of their files."""

from collections.abc import Iterator

from images.archive.names import NAME


def sort_by_day(rows: Iterator[tuple[str, int, str]], days: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each day with the sums of its rows by file name: all days of `days` and all days of rows. Rows whose file
    name is not that of an image come last, with an empty day. The rows must be sorted by file name, which is also the
    order of their days."""
    # Reversed, so that `pop` takes the earliest day.
    left = list(reversed(days))
    sums: dict[str, str] = {}
    strangers: dict[str, str] = {}
    at = ""
    for filename, _size_bytes, sha256 in rows:
        day = _day_of(filename)
        if not day:
            strangers[filename] = sha256
            continue
        if day != at:
            yield from _until(left, at, day, sums)
            at, sums = day, {}
        sums[filename] = sha256
    # "~" sorts after every day, so all days that are left are included.
    yield from _until(left, at, "~", sums)
    yield "", strangers


def _until(left: list[str], at: str, day: str, sums: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the current day with its rows, and all days before `day` that have no rows."""
    while left and left[-1] < at:
        yield left.pop(), {}
    if at:
        if left and left[-1] == at:
            left.pop()
        yield at, sums
    while left and left[-1] < day:
        yield left.pop(), {}


def _day_of(filename: str) -> str:
    named = NAME.fullmatch(filename)
    return f"{named[1]}-{named[2]}-{named[3]}" if named else ""
