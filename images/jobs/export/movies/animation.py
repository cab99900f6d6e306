"""Animated GIF and WebP, put together from single pictures: never more than one frame is in memory."""

import struct
import tempfile
import time
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from camera.memory import open_memory_file
from images.export.zipping import BLOCK_BYTES
from images.jobs.export.movies.movie import DEADLINE_S, Movie, raising_movie_errors, require_in_time, taking_turns

MAX_SIDE_PX = 960
WEBP_QUALITY = 80
GIF_TRAILER, EXTENSION, PICTURE, PALETTE_FLAG = 0x3B, 0x21, 0x2C, 0x80
LOOP_FOR_EVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
ANIMATED, NOT_BLENDED = 0x02, 0x02


def stream_gif(movie: Movie) -> Iterator[bytes]:
    """Yield a GIF. Nobody knows its length before. Browsers show no more than fifty frames a second."""
    # No global palette: each frame has its own.
    yield b"GIF89a" + struct.pack("<HHBBB", *movie.size, 0x70, 0, 0) + LOOP_FOR_EVER
    # In hundredths of a second. With less than two, browsers wait a tenth of a second.
    delay = max(round(100 / movie.frames_per_s), 2)
    control = struct.pack("<BBBBHBB", EXTENSION, 0xF9, 4, 0x04, delay, 0, 0)
    for frame in movie.draw():
        yield control + _take_out_of_gif(_encode(frame.quantize(256), "GIF"))
    yield bytes([GIF_TRAILER])


def make_webp(movie: Movie) -> BinaryIO:
    """Return a WebP as a temporary file, at its end. The caller closes it. Blocks until all frames are made.

    Raises MovieFailed, ExportBusy or StorageUnavailable.
    """
    file, until_s = tempfile.TemporaryFile(), time.monotonic() + DEADLINE_S  # noqa: SIM115 (the caller closes it)
    try:
        with taking_turns(), raising_movie_errors():
            _write_webp(file, movie, until_s)
    except BaseException:
        file.close()
        raise
    return file


def stream_file(file: BinaryIO) -> Iterator[bytes]:
    """Yield the whole file, and close it."""
    with file:
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            yield block


def _write_webp(file: BinaryIO, movie: Movie, until_s: float) -> None:
    width, height = movie.size
    file.write(b"RIFF\0\0\0\0WEBP")
    file.write(_chunk(b"VP8X", struct.pack("<I", ANIMATED) + _three(width - 1) + _three(height - 1)))
    # On black, and played again and again.
    file.write(_chunk(b"ANIM", struct.pack("<IH", 0xFF000000, 0)))
    frame_head = bytes(6) + _three(width - 1) + _three(height - 1)
    frame_head += _three(round(1000 / movie.frames_per_s)) + bytes([NOT_BLENDED])
    for frame in movie.draw():
        # Without its own twelve bytes of RIFF header, a WebP is what a frame holds.
        file.write(_chunk(b"ANMF", frame_head + _encode(frame, "WEBP", quality=WEBP_QUALITY)[12:]))
        require_in_time(until_s)
    # The head tells the length of the whole, which is known only now.
    size = file.tell()
    file.seek(4)
    file.write(struct.pack("<I", size - 8))
    file.seek(size)


def _encode(frame: Image.Image, image_format: str, **settings: int) -> bytes:
    with open_memory_file() as file:
        frame.save(file, image_format, **settings)
        file.seek(0)
        return file.read()


def _take_out_of_gif(content: bytes) -> bytes:
    """Return the picture of a GIF of one frame, with the palette of the file as its own."""
    # The head of a GIF has 13 bytes; its palette comes next.
    flags, place = content[10], 13
    palette = content[place : place + 3 * 2 ** ((flags & 7) + 1)]
    place += len(palette)
    while content[place] == EXTENSION:
        place += 2
        while content[place]:
            place += content[place] + 1
        place += 1
    head = content[place : place + 9]
    own_flags = content[place + 9] | PALETTE_FLAG | (flags & 7)
    return head + bytes([own_flags]) + palette + content[place + 10 : -1]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
