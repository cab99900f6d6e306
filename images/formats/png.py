"""PNG: lossless; mono keeps all its bits (in 16), colour 8. The record stands in the text chunk `microscope`."""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from camera.frame import Frame, to_display
from images.formats.whole import demand_end, read_header
from images.record import dump_record, load_record

RECORD_KEYWORD = "microscope"
# zlib's fastest: on noisy pixels the slower levels gain some per cent and take several times as long.
COMPRESS_LEVEL = 1
END_CHUNK = b"IEND\xaeB`\x82"


def bits_of(frame: Frame) -> int:
    return 16 if frame.pixels.dtype == np.uint16 and not frame.is_colour else 8


def write(file: BinaryIO, frame: Frame, record: dict[str, Any], quality: int) -> None:
    pixels = frame.pixels if bits_of(frame) == 16 else to_display(frame.pixels, frame.descriptor.significant_bits)
    Image.fromarray(pixels).save(file, "PNG", compress_level=COMPRESS_LEVEL, pnginfo=make_texts(record))
    demand_end(file, END_CHUNK)


def read_record(path: Path) -> dict[str, Any]:
    """Reads the head of the file and makes sure that its end is there too."""
    return load_record(read_header(path, "PNG", END_CHUNK).get(RECORD_KEYWORD, ""))


def make_texts(record: dict[str, Any]) -> PngInfo:
    """The record, and the keywords that the PNG specification registers (section 11.3.3)."""
    texts = PngInfo()
    texts.add_text(RECORD_KEYWORD, dump_record(record))
    texts.add_itxt("Author", record["user"])
    texts.add_text("Software", record["software"])
    texts.add_text("Creation Time", record["capturedAt"])
    if record["simulated"]:
        texts.add_text("Description", "SIMULATED: drawn by a program, no data")
    return texts
