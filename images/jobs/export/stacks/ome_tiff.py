"""A job as one OME-TIFF for QuPath, OMERO and napari: a directory for each plane, and the OME-XML in the first.

The directories are the end of the file, so that the OME-XML still says which original was found missing or changed
while the file was sent. It keeps its planned length. A BigTIFF only above 4 GB.
"""

from collections.abc import Iterator

from images.jobs.export.stacks.hyperstack import cut
from images.jobs.export.stacks.ome_xml import make_xml
from images.jobs.export.stacks.stack import Stack, read_planes
from images.jobs.export.stacks.tiff_pages import (
    CENTIMETRE,
    DESCRIPTION,
    MAX_CLASSIC_BYTES,
    Entry,
    Layout,
    PlaneKind,
    resolution,
    text,
)
from images.jobs.plan import Plan
from images.models import Job

UM_PER_CM = 10_000
END = b"</OME>"


class OmeTiff:
    """A file that is sent once. `length_bytes` is known before. `max_classic_bytes`: from there on it is a BigTIFF."""

    def __init__(self, job: Job, plan: Plan, stack: Stack, max_classic_bytes: int = MAX_CLASSIC_BYTES) -> None:
        self._job, self._plan, self._stack = job, plan, stack
        self._lost: dict[int, str] = {}
        shape = stack.first.shape
        self._kind = PlaneKind(shape[0], shape[1], 3 if stack.is_colour else 1, stack.first.bits)
        # While nothing is lost, the text is longest. A shorter one is filled up to this length.
        self._xml_bytes = len(self._make_xml())
        self._lay_out(Layout())
        if self.length_bytes >= max_classic_bytes:
            self._lay_out(Layout(is_big=True))

    def stream(self) -> Iterator[bytes]:
        """Yield the file. Raises StorageUnavailable."""
        yield self._layout.header(self._directories_at)
        for pixels in read_planes(self._stack, self._lost.__setitem__):
            yield from cut(pixels)
        yield bytes(self._gap_bytes)
        place, count = self._directories_at, len(self._stack.cells)
        for number in range(count):
            following = place + (self._first_bytes if number == 0 else self._next_bytes)
            yield self._pack(number, place, following if number < count - 1 else 0)
            place = following

    def _lay_out(self, layout: Layout) -> None:
        self._layout, count = layout, len(self._stack.cells)
        planes_bytes = self._kind.size_bytes * count
        self._gap_bytes = planes_bytes % 2
        self._directories_at = layout.header_bytes + planes_bytes + self._gap_bytes
        self._first_bytes, self._next_bytes = len(self._pack(0, 0)), len(self._pack(1, 0))
        self.length_bytes = self._directories_at + self._first_bytes + (count - 1) * self._next_bytes

    def _pack(self, number: int, offset: int, following: int = 0) -> bytes:
        place = self._layout.header_bytes + number * self._kind.size_bytes
        entries = self._layout.describe_plane(self._kind, place)
        return self._layout.directory([*entries, *(self._head() if number == 0 else [])], offset, following)

    def _head(self) -> list[Entry]:
        x_y = self._stack.um_per_pixel
        per_cm = (UM_PER_CM / x_y[0], UM_PER_CM / x_y[1]) if x_y else None
        # A reader looks for the end of OME-XML at the end of the text, so the filling comes before it.
        xml = self._make_xml().removesuffix(END)
        return [text(DESCRIPTION, xml.ljust(self._xml_bytes - len(END)) + END), *resolution(per_cm, CENTIMETRE)]

    def _make_xml(self) -> bytes:
        return make_xml(self._job, self._plan, self._stack, self._lost)
