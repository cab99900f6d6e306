"""Measure time and size of a file of each format, beside the plain library call on the same pixels.

Our code writes the record into the file in all its forms, and ensures that the whole file is on disk. The plain call
writes only pixels. Both force a file to disk, and take turns in one run, because machines are noisy: trust the ratios.

    python -m benchmarks.formats [--rounds 12]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tifffile
from django.conf import settings
from PIL import Image

from camera.drivers.settings import SettingsRequest
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.frame import CameraIdentity, Frame, to_display
from images.formats import FORMATS
from images.record.image import Requested, make_record

AIM = 1.2
QUICK = 4  # a quick call is measured more often
QUALITY = 95
SIZES = {"2 MP": (1080, 1920), "5 MP": (2048, 2592), "20 MP": (3648, 5472)}
KINDS = {"mono 8": ("mono-2mp", 8), "mono 16": ("mono-5mp-12bit", 12), "colour 8": ("colour-2mp", 8)}
KINDS["colour 16"] = ("colour-2mp-12bit", 12)


def write_plain_jpg(file: BinaryIO, frame: Frame) -> None:
    Image.fromarray(to_display(frame.pixels, frame.descriptor.significant_bits)).save(file, "JPEG", quality=QUALITY)


def write_plain_png(file: BinaryIO, frame: Frame) -> None:
    is_deep = frame.pixels.dtype == np.uint16 and not frame.is_colour
    pixels = frame.pixels if is_deep else to_display(frame.pixels, frame.descriptor.significant_bits)
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)


def write_plain_tiff(file: BinaryIO, frame: Frame) -> None:
    tifffile.imwrite(file, frame.pixels, photometric="rgb" if frame.is_colour else "minisblack", metadata=None)


def write_plain_zlib(file: BinaryIO, frame: Frame) -> None:
    photometric, options = "rgb" if frame.is_colour else "minisblack", {"level": 1}
    tifffile.imwrite(
        file, frame.pixels, photometric=photometric, metadata=None, compression="zlib", compressionargs=options
    )


PLAIN = {"jpg": write_plain_jpg, "png": write_plain_png, "tiff": write_plain_tiff, "tiff zlib": write_plain_zlib}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    print(f"Milliseconds, median; MB of the file; times the plain call (aim: at most {AIM})")
    print(f"{'':18}{'format':>11}{'ours':>9}{'plain':>9}{'MB':>8}{'times':>8}")
    for size, shape in SIZES.items():
        for kind in KINDS:
            frame = take_frame(kind, shape)
            for name in PLAIN:
                report(f"{size} {kind}", name, frame, rounds * QUICK if name == "tiff" else max(rounds // QUICK, 3))


def take_frame(kind: str, shape: tuple[int, int]) -> Frame:
    """Return the simulated specimen, repeated to that size, with the noise of a camera."""
    model, bits = KINDS[kind]
    driver = SimulatedDriver(MODELS[model])
    driver.open()
    driver.configure(SettingsRequest(20, 6))
    driver.start()
    raw = driver.grab()
    pixels = raw.develop()
    driver.close()
    repeats = [-(-wanted // given) for wanted, given in zip(shape, pixels.shape, strict=False)]
    tiled = np.tile(pixels, (*repeats, 1)[: pixels.ndim])[: shape[0], : shape[1]]
    descriptor = replace(raw.descriptor, significant_bits=bits)
    camera = CameraIdentity("Pixelink", "PL-D752", "775001234")
    return Frame(np.ascontiguousarray(tiled), descriptor, camera, "simulated", True, datetime.now(UTC))


def report(what: str, name: str, frame: Frame, rounds: int) -> None:
    settings.TIFF_COMPRESSION = "zlib" if name.endswith("zlib") else "none"
    image_format = FORMATS[name.split()[0]]
    encoding = image_format.encoding_of(frame.pixels, QUALITY)
    record = make_record(frame, username="ada", requested=Requested(), encoding=encoding, editable={})
    ours, plain = [], []
    with tempfile.TemporaryDirectory(dir=os.environ.get("DATA_PATH")) as folder:
        for _ in range(rounds):
            plain.append(time_ms(Path(folder), lambda file: PLAIN[name](file, frame))[0])
            taken_ms, size_mb = time_ms(
                Path(folder), lambda file: image_format.write(file, frame.pixels, record, QUALITY)
            )
            ours.append(taken_ms)
    ours_ms, plain_ms = statistics.median(ours), statistics.median(plain)
    print(f"{what:18}{name:>11}{ours_ms:9.1f}{plain_ms:9.1f}{size_mb:8.2f}{ours_ms / plain_ms:8.2f}", flush=True)


def time_ms(folder: Path, write: Callable[[BinaryIO], None]) -> tuple[float, float]:
    path = folder / "picture"
    began_s = time.perf_counter()
    with path.open("w+b") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    taken_ms = (time.perf_counter() - began_s) * 1000
    size_mb = path.stat().st_size / 1e6
    path.unlink()
    return taken_ms, size_mb


if __name__ == "__main__":
    main()
