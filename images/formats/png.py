"""PNG: lossless; mono keeps all its bits (in 16), colour 8. The record stands in the text chunk `microscope`.

There is no sBIT chunk: it would say that values were scaled up to the full 16 bits (PNG, section 11.3.2.7), and ours
are as the camera gave them.
"""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from camera.frame import to_display
from images.formats.exif import make_exif
from images.formats.whole import demand_end, demand_size_of_record, read_header, read_picture
from images.formats.xmp import make_xmp
from images.record import describe_picture, dump_record, load_record, pixel_size_um

RECORD_KEYWORD = "microscope"
# zlib's fastest: on noisy pixels the slower levels gain some per cent and take several times as long.
COMPRESS_LEVEL = 1
END_CHUNK = b"IEND\xaeB`\x82"
UM_PER_METRE = 1_000_000
METRES_PER_INCH = 0.0254
LARGEST_NUMBER = 0x7FFF_FFFF


def bits_of(pixels: np.ndarray) -> int:
    return 16 if pixels.dtype == np.uint16 and pixels.ndim == 2 else 8


def write(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any], quality: int) -> None:
    if bits_of(pixels) == 8:
        pixels = to_display(pixels, record["actual"]["significantBits"])
    texts: dict[str, Any] = {"pnginfo": make_chunks(record), "exif": make_exif(record)}
    scale = {"dpi": density} if (density := make_density(record)) else {}
    Image.fromarray(pixels).save(file, "PNG", compress_level=COMPRESS_LEVEL, **texts, **scale)
    demand_end(file, END_CHUNK)


def read_record(path: Path) -> dict[str, Any]:
    """Reads the head of the file and makes sure that its end is there too."""
    info, size = read_header(path, "PNG", END_CHUNK)
    record = load_record(info.get(RECORD_KEYWORD, ""), path.name)
    demand_size_of_record(record, *size, path.name)
    return record


def read_pixels(path: Path) -> np.ndarray:
    return read_picture(path, "PNG", END_CHUNK)


def make_chunks(record: dict[str, Any]) -> PngInfo:
    """The record, the keywords that the PNG specification registers (section 11.3.3), and XMP."""
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
    """Dots per inch, as Pillow takes what it writes as whole pixels in a metre (chunk pHYs, section 11.3.4.3); None
    where the scale is unknown or beyond what the chunk holds."""
    size_um = pixel_size_um(record)
    if size_um is None:
        return None
    x, y = (UM_PER_METRE / one for one in size_um)
    return (x * METRES_PER_INCH, y * METRES_PER_INCH) if min(x, y) >= 1 and max(x, y) < LARGEST_NUMBER else None
