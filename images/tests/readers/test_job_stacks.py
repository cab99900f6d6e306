"""Stacks of whole jobs, in ImageJ, tifffile and bioio: every value, scale, interval and label, and what is missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from images.jobs.export.order import ExportOrder
from images.jobs.export.outcomes import read_outcomes
from images.jobs.export.stacks import stack as stacks
from images.jobs.export.stacks.hyperstack import Hyperstack
from images.jobs.export.stacks.ome_tiff import OmeTiff
from images.jobs.export.stacks.stack import arrange
from images.jobs.plan import parse_plan
from images.models import Image, Job
from images.tests.job_exports import content_of, make_ended_job, path_of_slot
from images.tests.jobs import time_lapse
from images.tests.readers.libraries import open_with_bioio, parse_with_ome_types, validate_with_ome_types
from images.tests.readers.programs import IMAGEJ, require, run_java
from images.tests.records import SCALE

pytestmark = [pytest.mark.django_db, pytest.mark.long]
HEIGHT, WIDTH = 5, 7
CHANNELS = [{"config": "dark", "exposure": 5}, {"config": "bright", "exposure": 50}]
FIVE_DIMENSIONS = {
    **time_lapse(2, 600),
    "channels": CHANNELS,
    "z_plan": {"bottom": 4, "top": 8, "step": 2},
}
# Bits, colour, and how many frames are added up.
KINDS = [
    (8, False, 1),
    (16, False, 1),
    (12, False, 1),
    (8, True, 1),
    (12, True, 1),
    (8, False, 2),
    (12, False, 16),
    (16, False, 256),
    (8, True, 4),
    (12, True, 16),
]


def make_pixels(bits: int, is_colour: bool):
    def make(slot: int) -> np.ndarray:
        shape = (HEIGHT, WIDTH, 3) if is_colour else (HEIGHT, WIDTH)
        kind = np.uint8 if bits == 8 else np.uint16
        return np.random.default_rng(slot).integers(0, 2**bits, shape, dtype=kind)

    return make


def added(pixels: np.ndarray, frames: int) -> np.ndarray:
    """So many such frames."""
    return pixels if frames == 1 else pixels.astype(np.uint32) * frames


def read_with_imagej(path: Path) -> tuple[list[str], list[tuple[str, np.ndarray]]]:
    """The line of sizes and calibration, and label and values of each plane."""
    require(IMAGEJ.exists(), "ImageJ")
    said = run_java("ReadHyperstack", path).decode()
    head, *lines = said.splitlines()
    planes = []
    for line in lines:
        label, _, values = line.partition("\t")
        planes.append((label, np.array(values.split(), dtype=int).reshape(HEIGHT, WIDTH)))
    return head.split("\t"), planes


@pytest.fixture
def export(api, viewer, tmp_path):
    """export(job, "as=hyperstack") is the path of the file that is sent."""

    def send(job: Job, query: str, extension: str = ".tif") -> Path:
        answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?{query}")
        assert answer.status_code == 200, answer.content
        assert "Content-Length" in answer.headers
        path = tmp_path / f"export{extension}"
        path.write_bytes(content_of(answer))
        return path

    return send


def split(pixels: np.ndarray, bits: int) -> list[np.ndarray]:
    """The planes that ImageJ shows of a picture: packed colours of 8 bits, or a channel for each deep colour."""
    if pixels.ndim == 2:
        return [pixels]
    if bits == 8:
        whole = pixels.astype(int)
        return [whole[..., 0] << 16 | whole[..., 1] << 8 | whole[..., 2]]
    return [pixels[..., colour] for colour in range(3)]


@pytest.mark.parametrize(("bits", "is_colour", "frames"), KINDS)
def test_imagej_opens_a_hyperstack_with_every_value_interval_scale_and_label(
    archive, operator, export, bits, is_colour, frames
):
    make = make_pixels(bits, is_colour)
    job = make_ended_job(archive, operator, time_lapse(5, 600), make, missed=[2], bits=bits, scale=SCALE, frames=frames)
    head, planes = read_with_imagej(export(job, "as=hyperstack"))
    bits = 32 if frames > 1 else bits
    colours = 3 if is_colour and bits > 8 else 1
    depth = "32" if bits == 32 else "16" if bits > 8 else "24" if is_colour else "8"
    assert head[:6] == [str(WIDTH), str(HEIGHT), str(colours), "1", "5", depth]
    assert head[7] in ("µm", "um", "micron")
    sizes = [float(size) for size in head[8:10]]
    assert sizes == pytest.approx([SCALE["umPerPixelX"], SCALE["umPerPixelY"]], rel=1e-6)
    assert float(head[11]) == 600
    expected = [plane for slot in range(5) for plane in split(added(make(slot), frames) * (slot != 2), bits)]
    assert np.array_equal([values for _, values in planes], expected)
    labels = [label for label, _ in planes][::colours]
    name = Image.objects.get(job=job, job_slot=1).filename
    assert labels[1].startswith(f"No. 2 2026-03-02T09:10:00.012Z {name}")
    assert labels[2].startswith("No. 3 MISSED: Camera lost")


def test_channels_planes_and_times_lie_where_imagej_looks_for_them(archive, operator, export):
    make, plan = make_pixels(16, False), parse_plan(FIVE_DIMENSIONS)
    job = make_ended_job(archive, operator, FIVE_DIMENSIONS, make, bits=16)
    path = export(job, "as=hyperstack")
    head, planes = read_with_imagej(path)
    assert (head[2:5], head[6], head[7], float(head[10])) == (["2", "3", "2"], "true12", "pixel", 2.0)
    with tifffile.TiffFile(path) as file:
        (series,) = file.series
        assert (series.axes, file.is_bigtiff, file.imagej_metadata["finterval"]) == ("TZCYX", False, 600)
        read = series.asarray()
    for slot in plan.slots(0, plan.expected):
        t, z, c = (slot.index[axis] for axis in "tzc")
        assert np.array_equal(read[t, z, c], make(slot.number))
        label, values = planes[(t * 3 + z) * 2 + c]
        assert np.array_equal(values, make(slot.number))
        assert label.startswith(f"No. {slot.number + 1} ")
        assert label.endswith(["dark", "bright"][c])


@pytest.mark.parametrize("kind", ["hyperstack", "ome-tiff"])
def test_missed_times_are_left_out_on_request_and_then_no_interval_is_said(archive, operator, export, kind):
    make = make_pixels(8, False)
    job = make_ended_job(archive, operator, time_lapse(5, 600), make, missed=[1, 2])
    path = export(job, f"as={kind}&gaps=skip", ".ome.tif" if kind == "ome-tiff" else ".tif")
    assert np.array_equal(tifffile.imread(path), [make(slot) for slot in (0, 3, 4)])
    with tifffile.TiffFile(path) as file:
        assert "finterval" not in (file.imagej_metadata or {})
        assert "TimeIncrement" not in (file.ome_metadata or "")


@pytest.mark.parametrize(("bits", "is_colour", "frames"), KINDS)
def test_an_ome_tiff_holds_every_value_and_names_what_is_blank(archive, operator, export, bits, is_colour, frames):
    make = make_pixels(bits, is_colour)
    job = make_ended_job(archive, operator, time_lapse(4, 600), make, missed=[2], bits=bits, scale=SCALE, frames=frames)
    path = export(job, "as=ome-tiff", ".ome.tif")
    expected = np.array([added(make(slot), frames) * (slot != 2) for slot in range(4)])
    assert np.array_equal(tifffile.imread(path), expected)
    image = open_with_bioio(path)
    assert np.array_equal(np.squeeze(image.data), expected)
    sizes = image.physical_pixel_sizes
    assert (SCALE["umPerPixelX"], SCALE["umPerPixelY"]) == (sizes.X, sizes.Y)
    with tifffile.TiffFile(path) as file:
        assert not file.is_bigtiff
        xml = file.ome_metadata
    validate_with_ome_types(xml)
    ome = parse_with_ome_types(xml)
    (pixels,) = (image.pixels for image in ome.images)
    assert (pixels.significant_bits, pixels.time_increment) == (bits + frames.bit_length() - 1, 600)
    assert [plane.the_t for plane in pixels.planes] == [0, 1, 3]
    assert [plane.delta_t for plane in pixels.planes] == [0, 600, 1800]
    assert pixels.planes[0].exposure_time == 100 * frames
    assert (f"the exact sum of {frames} frames" in ome.images[0].description.lower()) == (frames > 1)
    assert "No. 3 MISSED: Camera lost" in ome.structured_annotations[0].value


def test_an_ome_tiff_holds_each_position_as_an_image(archive, operator, export, api, viewer):
    places = [{"x": 0, "y": 0, "name": "A1"}, {"x": 5, "y": 0, "name": "A2"}]
    plan = {**FIVE_DIMENSIONS, "stage_positions": places}
    make = make_pixels(8, False)
    job = make_ended_job(archive, operator, plan, make, missed=[0])
    image = open_with_bioio(export(job, "as=ome-tiff", ".ome.tif"))
    assert len(image.scenes) == 2
    parsed = parse_plan(plan)
    for number in range(2):
        image.set_scene(number)
        assert image.channel_names == ["dark", "bright"]
        for slot in parsed.slots(1, parsed.expected):
            if slot.index["p"] == number:
                t, z, c = (slot.index[axis] for axis in "tzc")
                assert np.array_equal(image.data[t, c, z], make(slot.number))
    refused = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=hyperstack")
    assert (refused.status_code, refused.json()["code"]) == (400, "export_choice_missing")
    assert "has 2 positions" in refused.json()["message"]
    first = next(slot for slot in parsed.slots(0, parsed.expected) if slot.index["p"] == 1)
    chosen = tifffile.imread(export(job, "as=hyperstack&position=1"))
    assert np.array_equal(chosen[0, 0, 0], make(first.number))


@pytest.fixture
def job(archive, operator) -> Job:
    return make_ended_job(archive, operator, time_lapse(4), make_pixels(8, False))


@pytest.mark.parametrize("kind", ["hyperstack", "ome-tiff"])
@pytest.mark.parametrize("fault", ["missing", "changed", "missing midway", "changed midway"])
def test_a_missing_or_changed_original_is_a_named_blank_plane(job, archive, api, viewer, tmp_path, kind, fault):
    path = path_of_slot(archive, job, 2)

    def spoil() -> None:
        content = path.read_bytes()
        path.unlink()
        if "changed" in fault:
            path.write_bytes(content[:-1] + b"x")

    if "midway" not in fault:
        spoil()
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as={kind}")
    stream = iter(answer.streaming_content)
    content = next(stream)
    if "midway" in fault:
        spoil()
    content += b"".join(stream)
    assert len(content) == int(answer.headers["Content-Length"])
    sent = tmp_path / ("export.ome.tif" if kind == "ome-tiff" else "export.tif")
    sent.write_bytes(content)
    make, read = make_pixels(8, False), tifffile.imread(sent)
    assert all(np.array_equal(read[slot], make(slot)) for slot in (0, 1, 3))
    assert set(np.unique(read[2])) <= {0, 255}
    why = "File missing" if "missing" in fault else "File changed"
    assert f"No. 3 NOT HERE: {why}" in names_in(sent)


def names_in(path: Path) -> str:
    with tifffile.TiffFile(path) as file:
        return "\n".join(file.imagej_metadata["Labels"]) if file.is_imagej else file.ome_metadata


def stack_of(job: Job) -> Any:
    plan = parse_plan(job.plan)
    return job, plan, arrange(read_outcomes(job, plan, plan.expected), ExportOrder("hyperstack"))


def test_above_its_limit_a_hyperstack_begins_with_its_directory_and_imagej_still_opens_it(job, tmp_path):
    file, path = Hyperstack(*stack_of(job), max_short_bytes=100), tmp_path / "long.tif"
    path.write_bytes(b"".join(file.stream()))
    assert path.stat().st_size == file.length_bytes
    make = make_pixels(8, False)
    head, planes = read_with_imagej(path)
    assert head[4] == "4"
    assert np.array_equal([values for _, values in planes], [make(slot) for slot in range(4)])


def test_above_its_limit_an_ome_tiff_is_a_bigtiff(job, tmp_path):
    file, path = OmeTiff(*stack_of(job), max_classic_bytes=100), tmp_path / "long.ome.tif"
    path.write_bytes(b"".join(file.stream()))
    assert path.stat().st_size == file.length_bytes
    with tifffile.TiffFile(path) as read:
        assert read.is_bigtiff
    assert np.array_equal(np.squeeze(open_with_bioio(path).data), [make_pixels(8, False)(n) for n in range(4)])


def test_only_one_picture_is_held_at_a_time(job, monkeypatch):
    """The first planes are sent before the last originals are read."""
    read: list[str] = []
    ours = stacks.read_picture
    monkeypatch.setattr(stacks, "read_picture", lambda picture: read.append(picture.filename) or ours(picture))
    stream = Hyperstack(*stack_of(job)).stream()
    next(stream), next(stream)
    assert len(read) == 1


def test_pictures_of_different_size_make_no_stack(job, api, viewer):
    Image.objects.filter(job=job, job_slot=1).update(width=9)
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=hyperstack")
    assert (answer.status_code, answer.json()["code"]) == (409, "pictures_differ")
    assert "7 x 5, 8 bit, mono, others 9 x 5" in answer.json()["message"]


@pytest.mark.parametrize("kind", ["hyperstack", "ome-tiff", "webp", "gif"])
def test_a_job_without_pictures_makes_no_stack_and_no_movie(archive, operator, api, viewer, kind):
    job = make_ended_job(archive, operator, time_lapse(2), make_pixels(8, False), missed=[0, 1])
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as={kind}")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_export")


def test_a_place_that_the_plan_does_not_have_is_refused(job, api, viewer):
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=ome-tiff&channel=1")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"channel": ["This job has 1 channel, counted from 0."]},
    )
