"""Measure the unpacking of five megapixels as a Pixelink camera sends them, beside a copy of as many pixels.

It measures every format that this program unpacks without the SDK. Both take turns in one run: trust the ratios.

    python -m benchmarks.unpacking [--rounds 12]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from camera.drivers.pixelink.frames.formats import FORMATS, FrameLayout

ROWS, COLUMNS = 2048, 2592


def milliseconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return (time.perf_counter() - began_s) * 1000


def measure(layout: FrameLayout, rounds: int) -> tuple[float, float]:
    """Return the medians of unpacking and of copying."""
    unpack = layout.pixel_format.unpack
    assert unpack
    data = np.zeros(layout.buffer_bytes, np.uint8)
    out = np.zeros(4 * ROWS * COLUMNS, np.uint8)  # more than any format needs
    pixels = unpack(data, ROWS, COLUMNS, lambda size_bytes: out[:size_bytes])
    copy = np.empty_like(pixels)
    turns = [
        (
            milliseconds(lambda: unpack(data, ROWS, COLUMNS, lambda size_bytes: out[:size_bytes])),
            milliseconds(lambda: np.copyto(copy, pixels)),
        )
        for _ in range(rounds)
    ]
    ours_ms, copying_ms = zip(*turns, strict=True)
    return statistics.median(ours_ms), statistics.median(copying_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    for pixel_format in FORMATS.values():
        if pixel_format.unpack:
            ours_ms, copying_ms = measure(FrameLayout(ROWS, COLUMNS, pixel_format), rounds)
            print(f"{pixel_format.name:24} {ours_ms:6.2f} ms, {ours_ms / copying_ms:5.1f} times a copy")


if __name__ == "__main__":
    main()
