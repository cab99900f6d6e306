"""Averages as jobs: each picture is the exact sum of frames in a row, and stays so in file, row and estimate."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.settings import SettingsRequest
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.drivers.simulated.limits import bits_of
from camera.engine.frame_loop import Timing
from camera.engine.process_lock import CameraLock
from camera.errors import CameraBusy
from camera.registry import the_instrument
from camera.service import Camera
from images.errors import NotEnoughSpace, PlanTooFast
from images.index.rebuild.rebuild import rebuild
from images.jobs.control import stop_job
from images.jobs.measures.estimate import estimate_plan, require_possible
from images.jobs.measures.sums import SumMeasured
from images.jobs.plan import parse_plan
from images.models import Image, Job
from images.tests.clocks import SetClock
from images.tests.frames import make_pixels
from images.tests.jobs import Bench, finish, gaps_of, step_until
from images.tests.sums import (
    add_up,
    average_of,
    camera_that_streams,
    lose_rows,
    make_stream,
    pixels_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


@pytest.fixture
def bench(archive, tmp_path):
    bench = Bench(archive, tmp_path, SetClock())
    yield bench
    bench.supervisor.close()


@pytest.mark.parametrize(("bits", "is_colour"), [(8, False), (12, False), (16, False), (8, True), (12, True)])
def test_a_picture_is_the_exact_sum_of_the_frames_that_the_camera_gave(bench, operator, archive, bits, is_colour):
    job = bench.make(operator, average_of(4))
    frames = [make_pixels(bits=bits, is_colour=is_colour) // (number + 1) for number in range(4)]
    with camera_that_streams(make_stream(frames, bits)) as begun:
        ended = finish(bench, job)
    assert (ended.kind, ended.state, ended.stored, ended.missed) == ("average", Job.State.FINISHED, 1, 0)
    image = Image.objects.get(job=job)
    assert np.array_equal(pixels_of(archive, image), add_up(frames))
    said = image.metadata
    assert said["sum"]["frames"] == 4
    assert (said["sum"]["firstFrame"], said["sum"]["lastFrame"], said["sum"]["bitsPerFrame"]) == (100, 103, bits)
    assert (said["sum"]["totalExposureMs"], said["actual"]["exposureMs"]) == (20.0, 5.0)
    assert (said["actual"]["significantBits"], said["file"]) == (
        bits + 2,
        {"format": "tiff", "bits": 32, "quality": None},
    )
    assert (said["job"]["slot"], image.sample, image.image_format) == (0, "HeLa", "tiff")
    assert [burst.is_closed for burst in begun] == [True]


def test_rows_are_the_same_again_from_the_files_alone(bench, operator, archive):
    job = bench.make(operator, average_of(4, 8, 9))
    frames = make_stream([make_pixels()] * 4, 8)
    with camera_that_streams(frames, frames):
        finish(bench, job)
    columns = ("job_slot", "record_id", "metadata", "exposure_ms", "sha256", "width", "image_format", "captured_at")
    before = list(Image.objects.filter(job=job).order_by("job_slot").values_list(*columns))
    assert len(before) == 2
    lose_rows()
    assert list(rebuild(archive, pytest.fail))
    again = Image.objects.filter(job__lasting_id=job.lasting_id).order_by("job_slot")
    assert list(again.values_list(*columns)) == before
    assert {image.changed_since_capture for image in again} == {False}


def test_an_edited_sum_is_told_from_the_captured_one(bench, operator, archive):
    job = bench.make(operator, average_of(4))
    with camera_that_streams(make_stream([make_pixels()] * 4, 8)):
        finish(bench, job)
    path = archive.path_of(Image.objects.get(job=job).filename)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    lose_rows()
    list(rebuild(archive, pytest.fail))
    assert Image.objects.get().changed_since_capture is True


@pytest.fixture
def swap_model(camera, tmp_path):
    """swap_model(name) puts a simulated camera of this model in place of the test's own."""
    cameras = []

    def swap(model: str) -> list[SimulatedDriver]:
        drivers: list[SimulatedDriver] = []

        def make_driver() -> SimulatedDriver:
            drivers.append(SimulatedDriver(MODELS[model]))
            return drivers[-1]

        (folder := tmp_path / model).mkdir()
        selection = DriverSelection("simulated", make_driver, make_driver, SeenCamera(folder))
        timing = Timing(call_timeout_s=10.0, keep_streaming_s=1.0)
        cameras.append(Camera(selection, CameraLock(folder), SettingsRequest(5.0, 0.0), timing))
        the_instrument().camera = cameras[-1]
        return drivers

    yield swap
    for one in cameras:
        one.close()


@pytest.mark.long
@pytest.mark.parametrize("model", ["colour-small", "mono-small-12bit", "mono-1mp-16bit", "mono-2mp"])
def test_the_frames_of_a_running_camera_are_added_up_exactly(bench, operator, archive, swap_model, model):
    drivers = swap_model(model)
    bench.clock.jump(datetime.now(UTC) - bench.clock.now())
    image = Image.objects.get(job=finish_one_without_loss(bench, operator, average_of(4, 60)))
    said = image.metadata["sum"]
    numbers = range(said["firstFrame"], said["lastFrame"] + 1)
    driver = drivers[-1]
    bits = bits_of(driver.model, driver._programmed.pixel_format)
    given = [driver._scene.expose(driver._programmed, bits, number) for number in numbers]
    assert (len(given), said["bitsPerFrame"]) == (4, bits)
    assert np.array_equal(pixels_of(archive, image), add_up(given))
    assert said["totalExposureMs"] == pytest.approx(240)


def finish_one_without_loss(bench, operator, plan) -> Job:
    """A PC that is busy with other tests may lose a frame in each try of a picture. Then another job takes it."""
    for _ in range(20):
        job = bench.make(operator, plan)
        if finish(bench, job).stored:
            return job
    raise AssertionError(gaps_of(job))


def test_meanwhile_nobody_else_gets_the_camera(bench, operator, camera):
    job = bench.make(operator, average_of(4096, 20))
    step_until(bench, lambda: bench.supervisor._runner and bench.supervisor._runner._sums.is_on)
    with pytest.raises(CameraBusy):
        camera.capture(3.0)
    stop_job(job.pk, operator)
    bench.supervisor.step()
    step_until(bench, lambda: is_free(camera))


def is_free(camera) -> bool:
    try:
        return camera.capture(3.0) is not None
    except CameraBusy:
        return False


def test_the_estimate_counts_the_light_of_all_frames_and_four_bytes_a_sample(archive):
    plan = parse_plan(average_of(64, 100, 50))
    estimate = estimate_plan(plan)
    pixels_bytes = 4 * 3 * 320 * 240
    assert pixels_bytes < estimate.measured.bytes_per_picture < pixels_bytes + 30_000
    assert 64 * 0.150 <= estimate.seconds_per_round < 2 * 64 * 0.150
    assert not list(archive.root.glob("*/*"))


@pytest.mark.parametrize(
    ("frames", "adding_s", "is_too_fast"),
    [(64, 0.005, False), (64, 0.02, True), (8, 0.02, False), (4096, 0.0101, True)],
)
def test_frames_that_pile_up_are_foreseen(settings, frames, adding_s, is_too_fast):
    settings.BURST_MEMORY_MB = 20
    measured = SumMeasured(frames, 1_000_000, 0.01, adding_s, 0.0)
    assert measured.is_too_fast == is_too_fast


def test_a_plan_whose_frames_pile_up_is_refused_with_the_numbers(archive):
    plan = parse_plan(average_of(64, 8))
    estimate = estimate_plan(plan)
    slow = SumMeasured(64, 10**9, 0.008, 0.5, 0.0)
    slow_estimate = replace(estimate, measured=replace(estimate.measured, sums=(slow,)))
    with pytest.raises(PlanTooFast, match="a frame every 8 ms, and this PC takes 500 ms to add one: 64 frames"):
        require_possible(plan, slow_estimate)


def test_planning_an_average_needs_room_for_its_sums(bench, operator, archive, monkeypatch):
    monkeypatch.setattr(archive, "space", lambda: (10_000_000, 1_000_000))
    bench.make(operator, average_of(4))
    with pytest.raises(NotEnoughSpace):
        bench.make(operator, average_of(4, time_plan={"interval": 60, "loops": 20}))
