"""Measure the encoding of a JPEG, beside the plain library call: alone, and while 8 threads encode.

The pixels are the simulated specimen in colour, quality 95, into a real file. Both sides take turns in one run, because
machines are noisy: trust the ratios.

    python -m benchmarks.jpeg [--rounds 40]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import numpy as np
from PIL import Image

from benchmarks.formats import SIZES, take_frame
from images.formats.jpeg_strips import save_jpeg

QUALITY = 95
ENCODERS = 8
Save = Callable[[BinaryIO, np.ndarray], None]


def save_ours(file: BinaryIO, pixels: np.ndarray) -> None:
    save_jpeg(file, pixels, QUALITY)


def save_plain(file: BinaryIO, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    print(f"{'':8}{'encoders':>10}{'ours ms':>10}{'plain ms':>10}{'times':>8}")
    for size in ("2 MP", "20 MP"):
        pixels = take_frame("colour 8", SIZES[size]).pixels
        for encoders in (1, ENCODERS):
            turns = [[time_ms(save, pixels, encoders) for save in (save_ours, save_plain)] for _ in range(rounds)]
            ours_ms, plain_ms = map(statistics.median, zip(*turns, strict=True))
            print(f"{size:8}{encoders:10}{ours_ms:10.1f}{plain_ms:10.1f}{ours_ms / plain_ms:8.2f}", flush=True)


def time_ms(save: Save, pixels: np.ndarray, encoders: int) -> float:
    """Return the milliseconds for each picture, while `encoders` threads encode one each."""

    def encode(_: int) -> None:
        with tempfile.TemporaryFile(dir=os.environ.get("DATA_PATH")) as file:
            save(file, pixels)

    with ThreadPoolExecutor(encoders) as threads:
        began_s = time.perf_counter()
        list(threads.map(encode, range(encoders)))
        return (time.perf_counter() - began_s) * 1000 / encoders


if __name__ == "__main__":
    main()
