"""PNG: lossless. Mono keeps all its bits (in 16), colour has 8. The record is in the text chunk `microscope`.

There is no sBIT chunk. It would mean that values are scaled up to the full 16 bits (PNG, section 11.3.2.7), but this
program stores values as the camera gives them.
"""

from typing import Any, BinaryIO

import numpy as np
from PIL.PngImagePlugin import PngInfo

from camera.frame import to_display
from camera.memory import as_picture
from images.formats.exif import make_exif
from images.formats.guarded_reading import (
    Source,
    name_of,
    read_header,
    read_picture,
    require_end,
    require_size_of_record,
)
from images.formats.pixel_sum import OF_VALUES, fill_in_png, reserve_sum, sum_beside, sum_values
from images.formats.xmp import make_xmp
from images.record.image import describe_picture, dump_record, has_density, load_record, pixel_size_um

RECORD_KEYWORD = "microscope"
SUM_OF = OF_VALUES
# zlib's fastest level. On noisy pixels, the slower levels save some per cent and take several times as long.
COMPRESS_LEVEL = 1
END_CHUNK = b"IEND\xaeB`\x82"
UM_PER_METRE = 1_000_000
METRES_PER_INCH = 0.0254
MAX_NUMBER = 0x7FFF_FFFF


def bits_of(pixels: np.ndarray) -> int:
    return 16 if pixels.dtype == np.uint16 and pixels.ndim == 2 else 8


def write(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any], quality: int) -> None:
    if bits_of(pixels) == 8:
        pixels = to_display(pixels, record["actual"]["significantBits"])
    summing, reserved = sum_beside(pixels), reserve_sum(record, SUM_OF)
    # Text chunks come before the pixels. The sum is ready only after encoding, so a placeholder is written first.
    texts: dict[str, Any] = {"pnginfo": make_chunks(record), "exif": make_exif(record)}
    scale = {"dpi": density} if (density := make_density(record)) else {}
    with as_picture(pixels) as picture:
        picture.save(file, "PNG", compress_level=COMPRESS_LEVEL, **texts, **scale)
    require_end(file, END_CHUNK)
    record["pixels"]["sha256"] = summing.result()
    fill_in_png(file, reserved, record["pixels"]["sha256"])


def read_record(source: Source) -> dict[str, Any]:
    """Read the head of the file, and check that its end is there too."""
    info, size = read_header(source, "PNG", END_CHUNK)
    record = load_record(info.get(RECORD_KEYWORD, ""), name_of(source))
    require_size_of_record(record, *size, name_of(source))
    return record


def read_pixels(source: Source) -> np.ndarray:
    return read_picture(source, "PNG", END_CHUNK)


PIXEL_SUMS = {SUM_OF: lambda source: sum_values(read_pixels(source))}


def make_chunks(record: dict[str, Any]) -> PngInfo:
    """Return the text chunks: the record, the keywords that the PNG specification registers (section 11.3.3), and
    XMP."""
    chunks = PngInfo()
    chunks.add_text(RECORD_KEYWORD, dump_record(record))
    chunks.add_itxt("XML:com.adobe.xmp", make_xmp(record).decode("utf-8"))
    chunks.add_itxt("Author", record["user"])
    chunks.add_text("Software", record["software"])
    chunks.add_text("Creation Time", record["capturedAt"])
    if description := describe_picture(record):
        chunks.add_itxt("Description", description)
    return chunks


def make_density(record: dict[str, Any]) -> tuple[float, float] | None:
    """Return the resolution in dots per inch along x and y. Pillow converts it to whole pixels per metre (chunk pHYs,
    section 11.3.4.3). Returns None if the scale is unknown or does not fit into the chunk."""
    size_um = pixel_size_um(record) if has_density(record) else None
    if size_um is None:
        return None
    x, y = (UM_PER_METRE / one for one in size_um)
    return (x * METRES_PER_INCH, y * METRES_PER_INCH) if min(x, y) >= 1 and max(x, y) < MAX_NUMBER else None
