"""The table of a job's slots as CSV: a line for each slot, with its planned and its real time."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import timedelta

from images.jobs.export.outcomes import Outcome
from images.record.image import format_time

COLUMNS = [
    *("number", "slot", "t", "p", "c", "z", "channel", "state", "reason", "dueAt", "capturedAt", "lateMs"),
    *("exposureMs", "gainDb", "imageId", "filename", "sha256", "frames"),
]
LINES_AT_ONCE = 200


def stream_table(outcomes: Iterable[Outcome]) -> Iterator[bytes]:
    """Yield the CSV in UTF-8, with a line for each slot. `number` counts from 1 as pages do, `slot` from 0. `frames` is
    more than 1 if the values of the picture are sums of so many frames; the exposure is that of each."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for count, outcome in enumerate(outcomes, start=1):
        writer.writerow(_describe(outcome))
        if count % LINES_AT_ONCE == 0:
            yield _empty(text)
    yield _empty(text)


def _empty(text: io.StringIO) -> bytes:
    content = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return content


def _describe(outcome: Outcome) -> list[object]:
    slot, picture = outcome.slot, outcome.picture
    places = [slot.index.get(axis, "") for axis in "tpcz"]
    due_at = format_time(slot.due_at) if slot.due_at else ""
    start = [outcome.number, slot.number, *places, slot.channel or "", slot.state, outcome.absence, due_at]
    if picture is None:
        return [*start, "", "", slot.exposure_ms, slot.gain_db, "", "", "", ""]
    late_ms = round((picture.captured_at - slot.due_at) / timedelta(milliseconds=1), 3) if slot.due_at else ""
    times = [format_time(picture.captured_at), late_ms]
    light, file = (picture.exposure_ms, picture.gain_db), (picture.image_id, picture.filename, picture.sha256)
    return [*start, *times, *light, *file, picture.frames]
