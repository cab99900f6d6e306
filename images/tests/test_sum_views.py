"""What people see of a sum of frames: its page, its thumbnail, its exports, its fields in the API and in tables.
Nowhere does it pass for a single frame."""

import csv
import io
import zipfile

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from images.formats import FORMATS
from images.jobs.control import find_job
from images.jobs.plan import parse_plan
from images.library import the_library
from images.models import Image, Job
from images.pages.jobs.details import describe_facts
from images.tests.frames import make_pixels, make_record_of, make_sum
from images.tests.job_exports import content_of, make_ended_job
from images.tests.jobs import time_lapse

pytestmark = [pytest.mark.django_db]
COUNT = 16
KINDS = [(8, False), (12, False), (16, False), (8, True), (12, True)]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{'colour' if kind[1] else 'mono'}")
def kind(request) -> tuple[int, bool]:
    return request.param


@pytest.fixture
def pixels(kind) -> np.ndarray:
    """Of each of the frames."""
    bits, is_colour = kind
    return make_pixels(bits=bits, is_colour=is_colour)


@pytest.fixture
def job(archive, operator, kind, pixels) -> Job:
    plan = time_lapse(3, average=COUNT)
    return make_ended_job(archive, operator, plan, lambda slot: pixels, missed=[1], bits=kind[0], frames=COUNT)


@pytest.fixture
def image(job) -> Image:
    return Image.objects.get(job=job, job_slot=0)


@pytest.fixture
def file_of(api, viewer, image):
    """file_of("as=png") is the content of that export."""

    def ask(query: str = "") -> bytes:
        answer = api(viewer).get(f"/api/v1/images/{image.pk}/file?{query}")
        assert answer.status_code == 200, answer.content
        return content_of(answer)

    return ask


def mean_of(pixels: np.ndarray, bits: int) -> np.ndarray:
    """All frames are alike, so each is the mean; in 8 bit."""
    return (pixels >> (bits - 8)).astype(np.uint8)


def test_an_export_without_loss_holds_the_sums(file_of, pixels):
    expected = pixels.astype(np.uint32) * COUNT
    assert np.array_equal(np.load(io.BytesIO(file_of("as=npy"))), expected)
    assert np.array_equal(tifffile.imread(io.BytesIO(file_of("as=tiff"))), expected)
    assert np.array_equal(tifffile.imread(io.BytesIO(file_of())), expected)


def test_an_export_of_8_bit_holds_the_mean_and_says_so(file_of, kind, pixels):
    expected = mean_of(pixels, kind[0])
    with Picture.open(io.BytesIO(file_of("as=png"))) as picture:
        assert np.array_equal(np.asarray(picture), expected)
        text, description = picture.info["microscope"], picture.info["Description"]
    assert "those of the mean of 16 frames, not of their sum" in text
    assert description.startswith("The mean of 16 frames.")
    with Picture.open(io.BytesIO(file_of("as=jpg&quality=100"))) as picture:
        assert np.abs(np.asarray(picture).astype(int).mean() - expected.mean()) < 2
        assert b"those of the mean of 16 frames" in picture.info["comment"]


def test_a_scale_bar_is_as_bright_as_a_sum_can_be(file_of, image, kind):
    Image.objects.filter(pk=image.pk).update(um_per_pixel_x=0.5, um_per_pixel_y=0.5)
    read = tifffile.imread(io.BytesIO(file_of("as=tiff&scaleBar=true")))
    assert (read.dtype, int(read.max())) == (np.uint32, 2 ** (kind[0] + 4) - 1)


def test_the_thumbnail_shows_the_mean(archive, image, kind, pixels):
    with the_library().thumbnails.open(image) as file, Picture.open(file) as picture:
        assert abs(np.asarray(picture).astype(int).mean() - mean_of(pixels, kind[0]).mean()) < 3


def test_the_page_says_what_it_is(client, viewer, image, kind):
    client.force_login(viewer)
    page = client.get(f"/images/{image.pk}/").content.decode()
    assert "16 frames, No. 42 to 57, 1600.00 ms of light" in page
    assert f"{kind[0]} bit a frame" in page
    assert f"TIFF, {kind[0] + 4} bit in 32" in page
    depth = "8 bit" if kind[0] == 8 else f"the upper 8 of {kind[0]} bit"
    assert f"Display copy: the mean of 16 frames, {depth}, as " in page


def test_the_api_says_of_how_many_frames_it_is(api, viewer, image, keep_image):
    single = keep_image()
    client = api(viewer)
    said = client.get(f"/api/v1/images/{image.pk}").json()
    assert (said["summedFrames"], said["exposureTime"]) == (COUNT, 100.0)
    assert said["metadata"]["sum"]["totalExposureMs"] == 1600.0
    found = {one["imageId"]: one["summedFrames"] for one in client.get("/api/v1/images").json()["results"]}
    assert (found[image.pk], found[single.pk]) == (COUNT, 1)
    assert "sum" not in client.get(f"/api/v1/images/{single.pk}").json()["metadata"]


def test_the_table_of_a_job_counts_the_frames(api, viewer, job):
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=csv")
    rows = list(csv.DictReader(io.StringIO(content_of(answer).decode())))
    assert [(row["frames"], row["exposureMs"]) for row in rows] == [("16", "100.0"), ("", ""), ("16", "100.0")]


def test_a_movie_shows_the_mean(api, viewer, job, kind, pixels):
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=webp")
    with Picture.open(io.BytesIO(content_of(answer))) as movie:
        assert movie.n_frames == 3
        shown = np.asarray(movie.convert("RGB"))
    expected = np.asarray(Picture.fromarray(mean_of(pixels, kind[0])).convert("RGB"))
    lower = slice(len(shown) // 2, None)  # below the time stamp
    assert abs(shown[lower].astype(int).mean() - expected[lower].mean()) < 8


def test_a_zip_holds_the_originals(api, viewer, job, archive):
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=zip")
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as package:
        names = [name for name in package.namelist() if name.endswith(".ome.tif")]
        contents = {package.read(name) for name in names}
    assert len(names) == 2
    assert contents == {path.read_bytes() for path in archive.root.glob("*/*.ome.tif")}


def test_sums_of_different_length_are_no_stack(api, viewer, job):
    record = Image.objects.get(job=job, job_slot=2).metadata
    record["sum"]["frames"] = 2
    Image.objects.filter(job=job, job_slot=2).update(metadata=record)
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/export?as=hyperstack")
    assert (answer.status_code, answer.json()["code"]) == (409, "pictures_differ")
    assert "sums of 16 frames" in answer.json()["message"] and "sums of 2 frames" in answer.json()["message"]


def test_the_page_of_a_job_says_it_too(client, viewer, job):
    facts = {fact["label"]: fact["value"] for fact in describe_facts(find_job(job.pk), parse_plan(job.plan))}
    assert "sum of 16 frames" in facts["Exposure"]
    client.force_login(viewer)
    assert "each the sum of 16 frames" in client.get(f"/jobs/{job.pk}/").content.decode()


@pytest.mark.parametrize("name", ["jpg", "png"])
def test_a_file_of_fewer_bits_never_says_that_it_holds_sums(name, kind, pixels, tmp_path):
    frame = make_sum([pixels] * COUNT, kind[0])
    record = make_record_of(frame, name)
    path = tmp_path / f"one{FORMATS[name].extension}"
    with path.open("w+b") as file:
        FORMATS[name].write(file, frame.pixels, record, 95)
    assert b"The exact sum" not in path.read_bytes()
    assert b"The mean of 16 frames." in path.read_bytes()
