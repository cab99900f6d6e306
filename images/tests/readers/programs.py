"""Programs that no one here wrote, and what they make of files. Where one is not installed the test is skipped, unless
REQUIRE_READERS demands it."""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

IMAGEJ = Path("/usr/share/java/ij.jar")
# A short program ends sooner with the simpler compiler and collector.
JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8")
FIELDS = "%f|%m|%w|%h|%[channels]|%z|%x|%y|%U\n"


def require(is_there: bool, program: str) -> None:
    """.ci/run demands every reader, so that no check is left out unseen."""
    if is_there:
        return
    if os.environ.get("REQUIRE_READERS"):
        pytest.fail(f"{program} is not installed, and REQUIRE_READERS is set")
    pytest.skip(f"{program} is not installed (see .ci/run for the Debian packages)")


def run(program: str, *arguments: str | Path) -> bytes:
    """What it prints."""
    require(shutil.which(program) is not None, program)
    return subprocess.run([program, *arguments], check=True, capture_output=True, timeout=120).stdout


def run_java(program: str, *arguments: str | Path) -> bytes:
    """What a Java program of this folder prints. It may use ImageJ, Debian's, without a window."""
    classes = os.pathsep.join([str(IMAGEJ), str(_compile(program))])
    return run("java", *JAVA_OPTIONS, "-cp", classes, program, *arguments)


@cache
def _compile(program: str) -> Path:
    """Return the folder of its classes. Java would also take the source, and compile it each time: most of a run."""
    folder = Path(tempfile.mkdtemp(prefix="microscope-java-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = Path(__file__).with_name(f"{program}.java")
    run("javac", "-encoding", "UTF-8", "-cp", IMAGEJ, "-d", folder, source)
    return folder


@dataclass(frozen=True, slots=True)
class Seen:
    """By ImageJ: the size of a pixel in its unit, and the values, channel by channel."""

    unit: str
    size: tuple[float, float]
    bits: int
    values: np.ndarray


def read_with_imagej(what: Sequence[str | Path]) -> list[Seen]:
    """Files, or macros that open something, in that order."""
    require(IMAGEJ.exists(), "ImageJ")
    printed = run_java("ReadWithImageJ", *what)
    lines = [line.split("\t") for line in printed.decode().splitlines()]
    assert [line[0] for line in lines] == [str(one) for one in what]
    return [_parse(*line[1:]) for line in lines]


def _parse(unit: str, pixel_width: str, pixel_height: str, bits: str, shape: str, values: str) -> Seen:
    width, height = map(int, shape.split("x"))
    planes = np.array(values.split(), dtype=int).reshape(-1, height, width)
    return Seen(unit, (float(pixel_width), float(pixel_height)), int(bits), planes)


def read_with_exiftool(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Tags by file name, with the group before each, numbers as numbers."""
    texts = run("exiftool", "-json", "-G1", "-n", "-a", "-charset", "exif=UTF8", *paths)
    return {Path(entry["SourceFile"]).name: entry for entry in json.loads(texts)}


def identify_with_imagemagick(paths: Sequence[Path]) -> dict[str, list[str]]:
    """By file name: kind, width, height, channels, depth, and resolution along x and y with its unit."""
    lines = run("identify", "-format", FIELDS, *paths).decode().splitlines()
    return {line.split("|")[0]: line.split("|")[1:] for line in lines}


def read_with_imagemagick(path: Path, like: np.ndarray) -> np.ndarray:
    """The values, at the depth and in the shape of others."""
    layout, depth = ("rgb" if like.ndim == 3 else "gray"), 8 * like.itemsize
    raw = run("convert", path, "-endian", "LSB", "-depth", str(depth), f"{layout}:-")
    return np.frombuffer(raw, like.dtype).reshape(like.shape)
