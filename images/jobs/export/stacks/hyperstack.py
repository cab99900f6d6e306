"""A job as an ImageJ hyperstack: one directory, and all planes one after the other, as ImageJ itself writes it.

Below 4 GB the directory is the end of the file, so that its labels still say which original was found missing or
changed while the file was sent. Above 4 GB, where ImageJ's own opener cannot read BigTIFF, the directory is the
beginning: ImageJ counts on from the first plane, so no offset is beyond 4 GB.
"""

import json
import struct
from collections.abc import Iterator

import numpy as np

from images.export.zipping import BLOCK_BYTES
from images.jobs.export.stacks.stack import Cell, Stack, read_planes
from images.jobs.export.stacks.tiff_pages import (
    BYTE,
    DESCRIPTION,
    MAX_CLASSIC_BYTES,
    NO_UNIT,
    Entry,
    Layout,
    PlaneKind,
    longs,
    resolution,
    text,
)
from images.jobs.plan import Plan
from images.models import Job
from images.record.image import SIMULATED, format_time

COUNTS, METADATA = 50838, 50839
MAGIC, INFO, LABELS = 0x494A494A, 0x696E666F, 0x6C61626C
COLOURS = ("Red", "Green", "Blue")
LAYOUT = Layout()


class Hyperstack:
    """A file that is sent once. `length_bytes` is known before. `max_short_bytes`: from there on the directory comes
    first."""

    def __init__(self, job: Job, plan: Plan, stack: Stack, max_short_bytes: int = MAX_CLASSIC_BYTES) -> None:
        self._job, self._plan, self._stack = job, plan, stack
        shape, bits = stack.first.shape, stack.first.bits
        # ImageJ has RGB of 8 bits only. Deep colour becomes three channels.
        self._colours = COLOURS if stack.is_colour and bits > 8 else ("",)
        samples = 3 if stack.is_colour and bits == 8 else 1
        self._kind = PlaneKind(shape[0], shape[1], samples, bits)
        self._labels = [label for cell in stack.cells for label in self._label(cell, _name(cell))]
        planes_bytes = self._kind.size_bytes * len(self._labels)
        directory_bytes = len(self._make_directory(0, 0))
        # A directory begins at an even offset (TIFF 6.0, section 2).
        start, self._gap_bytes = LAYOUT.header_bytes, planes_bytes % 2
        self._is_short = start + planes_bytes + directory_bytes < max_short_bytes
        self._directory_at = start + planes_bytes + self._gap_bytes if self._is_short else start
        self._planes_at = start if self._is_short else start + directory_bytes
        self.length_bytes = start + planes_bytes + self._gap_bytes + directory_bytes

    def stream(self) -> Iterator[bytes]:
        """Yield the file. Raises StorageUnavailable."""
        yield LAYOUT.header(self._directory_at)
        if not self._is_short:
            yield self._make_directory(self._directory_at, self._planes_at)
        for pixels in read_planes(self._stack, self._lose):
            yield from cut(_part(pixels, len(self._colours)))
        yield bytes(self._gap_bytes)
        if self._is_short:
            yield self._make_directory(self._directory_at, self._planes_at)

    def _lose(self, number: int, why: str) -> None:
        """Note in the labels that this original turned out to be missing or changed. The labels keep their length."""
        first = number * len(self._colours)
        cell = self._stack.cells[number]
        said = f"No. {cell.outcome.number} NOT HERE: {why}" if cell.outcome else why
        for place, label in enumerate(self._label(cell, said), start=first):
            length = len(self._labels[place])
            self._labels[place] = label.ljust(length)[:length]

    def _label(self, cell: Cell, said: str) -> list[str]:
        channel = cell.outcome.slot.channel if cell.outcome else None
        mark = "SIMULATED" if cell.picture and cell.picture.is_simulated else ""
        return [" ".join(word for word in (said, channel or "", colour, mark) if word) for colour in self._colours]

    def _make_directory(self, offset: int, planes_at: int) -> bytes:
        x_y = self._stack.um_per_pixel
        counts, metadata = _pack_metadata({INFO: [self._info()], LABELS: self._labels})
        entries = [
            *LAYOUT.describe_plane(self._kind, planes_at),
            text(DESCRIPTION, self._describe().encode("ascii")),
            *resolution((1 / x_y[0], 1 / x_y[1]) if x_y else None, NO_UNIT),
            longs(COUNTS, *counts),
            Entry(METADATA, BYTE, len(metadata), metadata),
        ]
        return LAYOUT.directory(entries, offset)

    def _describe(self) -> str:
        """Return the text by which ImageJ knows its own files."""
        stack, colours = self._stack, len(self._colours)
        _, times, planes, channels = stack.sizes
        said: dict[str, object] = {
            "ImageJ": "1.53t",
            "images": len(self._labels),
            "channels": channels * colours,
            "slices": planes,
            "frames": times,
            "hyperstack": "true",
            "mode": "composite" if colours > 1 else "grayscale",
            "loop": "false",
        }
        if stack.um_per_pixel:
            said["unit"] = "um"
        if (spacing_um := find_spacing_um(self._plan, stack)) is not None:
            said["spacing"] = spacing_um
        if (interval_s := find_interval_s(self._job, self._plan, stack)) is not None:
            said["finterval"] = interval_s
        if self._kind.samples == 1:
            said |= {"min": "0.0", "max": f"{2**stack.significant_bits - 1}.0"}
        return "".join(f"{name}={value}\n" for name, value in said.items())

    def _info(self) -> str:
        job = self._job
        parts = [
            SIMULATED if self._stack.is_simulated else "",
            f"Job: {job.name} ({job.lasting_id})",
            f"{job.stored} of {job.expected} stored, {job.missed} missed",
            f"Significant bits: {self._stack.significant_bits}",
            self._stack.words_of_sum,
            f"Plan: {json.dumps(job.plan)}",
        ]
        return "\n".join(part for part in parts if part) + "\n"


def find_interval_s(job: Job, plan: Plan, stack: Stack) -> float | None:
    """Return the seconds between the times of the stack; None if they differ, or nothing says how long they are."""
    was_moved = any("shiftS" in event for event in job.events)
    if plan.time is None or stack.sizes[1] < 2 or stack.has_left_out or was_moved:
        return None
    intervals_s = {phase.interval.total_seconds() for phase in plan.time.phases if phase.loops > 1}
    return intervals_s.pop() or None if len(intervals_s) == 1 else None


def find_spacing_um(plan: Plan, stack: Stack) -> float | None:
    """Return the distance of the planes in micrometres; None if they are not even, or some are left out."""
    if plan.planes is None or plan.planes.listed_um or stack.has_left_out or stack.sizes[2] < 2:
        return None
    return plan.planes.step_um or None


def cut(pixels: np.ndarray) -> Iterator[bytes]:
    """Yield the bytes of the pixels in blocks."""
    content = np.ascontiguousarray(pixels).data.cast("B")
    for first in range(0, len(content), BLOCK_BYTES):
        yield bytes(content[first : first + BLOCK_BYTES])


def _part(pixels: np.ndarray, planes: int) -> np.ndarray:
    return np.moveaxis(pixels, -1, 0) if planes > 1 else pixels


def _name(cell: Cell) -> str:
    if cell.outcome is None or cell.picture is None:
        return cell.absence
    return f"No. {cell.outcome.number} {format_time(cell.picture.captured_at)} {cell.picture.filename}"


def _pack_metadata(texts: dict[int, list[str]]) -> tuple[list[int], bytes]:
    """Return ImageJ's metadata: the length of each part, and all parts. The first part says what the others are."""
    head = struct.pack("<I", MAGIC) + b"".join(struct.pack("<II", kind, len(some)) for kind, some in texts.items())
    parts = [head, *(one.encode("utf-16-le") for some in texts.values() for one in some)]
    return [len(part) for part in parts], b"".join(parts)
