"""The simulated camera behaves like a camera: light, gain, noise, saturation, timing. No test here waits in real
time."""

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from camera.drivers.settings import SettingsRequest
from camera.drivers.simulated.banner import draw_banner
from camera.drivers.simulated.driver import MODELS, Clock, SimulatedDriver, SimulatedModel
from camera.drivers.simulated.limits import first_settings
from camera.drivers.simulated.scene import FULL_WELL_ELECTRONS, SimulatedScene, noise_variant, response_table
from camera.errors import CameraLost, FrameInvalid, FrameTimeout
from camera.frame import RawFrame

MONO = SimulatedModel("mono-tiny", 200, 120, False, 12)
COLOUR = SimulatedModel("colour-tiny", 200, 120, True, 8)
READOUT_S = 120 * 5e-6


class ManualClock:
    """Time stands still except while the driver waits. Waiting takes no real time."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.interrupt_at_s = float("inf")

    def as_clock(self) -> Clock:
        return Clock(lambda: self.now_s, self._wait)

    def _wait(self, when_s: float, interrupted: threading.Event) -> None:
        if self.interrupt_at_s < when_s:
            when_s = self.interrupt_at_s
            interrupted.set()
        self.now_s = max(self.now_s, when_s)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make(clock):
    """make(model, exposure_ms=…, gain_db=…) returns a streaming driver on the manual clock."""

    def make(model=MONO, exposure_ms=20.0, gain_db=0.0, **options) -> SimulatedDriver:
        driver = SimulatedDriver(model, clock=clock.as_clock(), **options)
        driver.open()
        driver.configure(SettingsRequest(exposure_ms, gain_db))
        driver.start()
        return driver

    return make


def table_for(model: SimulatedModel, exposure_ms: float, gain_db: float) -> np.ndarray:
    settings = replace(first_settings(model), exposure_ms=exposure_ms, gain_db=gain_db)
    return response_table(model, settings, model.significant_bits)


def specimen_of(raw: RawFrame) -> np.ndarray:
    """Return the pixels below the banner."""
    return raw.develop()[12:].astype(float)


class TestLight:
    def test_twice_the_exposure_is_twice_as_bright(self, make):
        dim, bright = (specimen_of(make(exposure_ms=ms).grab()).mean() for ms in (20, 40))
        assert bright / dim == pytest.approx(2, rel=0.01)

    def test_twenty_decibels_are_ten_times_as_bright(self, make):
        dim, bright = (specimen_of(make(exposure_ms=5, gain_db=db).grab()).mean() for db in (0, 20))
        assert bright / dim == pytest.approx(10, rel=0.03)

    def test_too_much_light_saturates_at_full_scale(self, make):
        pixels = specimen_of(make(exposure_ms=2000).grab())
        assert (pixels == 4095).mean() > 0.9
        assert specimen_of(make(exposure_ms=2000).grab()).max() == 4095

    def test_hardly_any_light_is_dark(self, make):
        assert specimen_of(make(exposure_ms=0.02).grab()).mean() < 10

    def test_colour_is_that_of_stained_tissue(self, make):
        red, green, blue = specimen_of(make(COLOUR, exposure_ms=60).grab()).mean(axis=(0, 1))
        assert green < min(red, blue)

    def test_defocus_blurs(self, make):
        sharp, blurred = (
            np.diff(specimen_of(make(exposure_ms=100, defocus_px=px).grab()), axis=1).var() for px in (0, 4)
        )
        assert blurred < 0.5 * sharp


class TestNoise:
    def test_its_variance_grows_with_the_light_as_shot_noise_does(self):
        table = table_for(MONO, exposure_ms=100, gain_db=0).astype(float)
        electrons = table * FULL_WELL_ELECTRONS / 4095
        mean, variance = electrons.mean(axis=1), electrons.var(axis=1)
        lit = slice(30, 200)
        assert np.polyfit(mean[lit], variance[lit], 1)[0] == pytest.approx(1, abs=0.1)

    def test_there_is_some_in_the_dark_too(self):
        assert table_for(MONO, exposure_ms=0.02, gain_db=24)[0].std() > 1

    def test_it_differs_from_frame_to_frame(self, make):
        driver = make()
        one, other = specimen_of(driver.grab()), specimen_of(driver.grab())
        assert not np.array_equal(one, other)
        assert abs(one - other).mean() < 0.1 * one.mean()

    def test_a_client_that_sees_every_nth_frame_sees_them_differ(self):
        for step in range(1, 101):
            assert len({noise_variant(number) for number in range(1, 16 * step, step)}) > 1, step

    def test_the_same_seed_gives_the_same_frames_and_another_seed_others(self, make):
        first, again, other = (make(seed=seed).grab().develop() for seed in (7, 7, 8))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


class TestMark:
    @pytest.mark.parametrize("model", [MONO, COLOUR], ids=["mono", "colour"])
    @pytest.mark.parametrize("exposure_ms", [0.02, 20, 5000])
    def test_the_pixels_say_simulated(self, make, model, exposure_ms):
        pixels = make(model, exposure_ms).grab().develop()
        strip = pixels[:12] if pixels.ndim == 2 else pixels[:12, :, 1]
        letters = draw_banner(model.width, 12) > 127
        assert (strip[letters] == 2**model.significant_bits - 1).all()
        assert not strip[~letters].any()

    def test_the_driver_says_so_too(self):
        driver = SimulatedDriver(MONO)
        identity = driver.open()
        assert driver.is_simulated
        assert "Simulated" in identity.model and identity.serial_number == "SIMULATED"


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_model_gives_full_frames_of_its_kind(model, clock):
    driver = SimulatedDriver(model, clock=clock.as_clock())
    driver.configure(SettingsRequest(exposure_ms=5.0))
    driver.start()
    told = driver.grab().descriptor
    table = table_for(model, 5.0, 0.0)
    assert (told.roi.width, told.roi.height) == (model.width, model.height)
    assert told.significant_bits == model.significant_bits
    assert told.pixel_format.startswith("RGB" if model.is_colour else "MONO")
    assert table.dtype == (np.uint8 if model.significant_bits == 8 else np.uint16)
    assert 0 < table.max() < 2**model.significant_bits


class TestTiming:
    def test_a_long_exposure_sets_the_period(self, make):
        driver = make(exposure_ms=50)
        arrivals_s = [driver.grab().received_at_s for _ in range(5)]
        assert np.diff(arrivals_s) == pytest.approx(0.05)

    def test_a_short_one_leaves_it_to_the_read_out(self, make):
        driver = make(exposure_ms=0.1)
        arrivals_s = [driver.grab().received_at_s for _ in range(5)]
        assert np.diff(arrivals_s) == pytest.approx(READOUT_S)

    def test_a_frame_arrives_after_exposure_and_read_out(self, make, clock):
        raw = make(exposure_ms=50).grab()
        assert raw.exposure_began_at_s == pytest.approx(1000.0)
        assert raw.received_at_s == pytest.approx(1000.0 + 0.05 + READOUT_S)
        assert raw.readout_s == pytest.approx(READOUT_S)

    def test_frames_that_arrived_before_the_grab_are_lost(self, make, clock):
        driver = make(exposure_ms=50)
        first = driver.grab()
        clock.now_s += 0.99
        asked_at_s = clock.now_s
        late = driver.grab()
        assert late.descriptor.frame_number == first.descriptor.frame_number + 20
        assert asked_at_s <= late.received_at_s < asked_at_s + 0.051

    def test_a_day_without_a_grab_is_passed_over_at_once(self, make, clock):
        driver = make(exposure_ms=0.02)
        first = driver.grab()
        clock.now_s += 86_400
        late = driver.grab()
        passed = late.descriptor.frame_number - first.descriptor.frame_number
        assert passed == pytest.approx(86_400 / READOUT_S, rel=1e-6)
        assert late.exposure_began_at_s == pytest.approx(clock.now_s, abs=2 * READOUT_S)

    def test_frames_never_overlap(self, make):
        driver = make(exposure_ms=5)
        frames = []
        for exposure_ms in (5, 40, 0.1, 7, 7, 30):
            driver.configure(SettingsRequest(exposure_ms=exposure_ms))
            frames += [driver.grab(), driver.grab()]
        for earlier, later in pairwise(frames):
            ended_at_s = earlier.exposure_began_at_s + earlier.descriptor.exposure_ms / 1000
            assert later.exposure_began_at_s >= ended_at_s - 1e-9

    @pytest.mark.parametrize("latency_frames", [0, 1, 3])
    def test_new_settings_show_some_frames_later(self, make, latency_frames):
        driver = make(exposure_ms=20, settings_latency_frames=latency_frames)
        driver.grab()
        driver.configure(SettingsRequest(exposure_ms=30, gain_db=6))
        shown = [driver.grab().descriptor for _ in range(5)]
        assert [told.exposure_ms for told in shown] == [20] * latency_frames + [30] * (5 - latency_frames)
        assert shown[-1].gain_db == 6

    def test_pixels_are_those_of_the_settings_that_the_frame_shows(self, make):
        driver = make(exposure_ms=20)
        driver.grab()
        driver.configure(SettingsRequest(exposure_ms=40))
        frames = [driver.grab() for _ in range(3)]
        means = [specimen_of(raw).mean() / raw.descriptor.exposure_ms for raw in frames]
        assert means == pytest.approx([means[0]] * 3, rel=0.02)

    def test_an_interruption_ends_a_wait_early(self, make, clock):
        driver = make(exposure_ms=5000)
        clock.interrupt_at_s = 1001.0
        with pytest.raises(FrameTimeout):
            driver.grab()
        assert clock.now_s == 1001.0

    def test_values_are_rounded_to_steps_within_the_limits(self, make):
        driver = make()
        settings = driver.configure(SettingsRequest(exposure_ms=3.14159, gain_db=1.2345))
        assert (settings.exposure_ms, settings.gain_db) == (3.14, 1.2)
        brightest = driver.configure(SettingsRequest(exposure_ms=1e6, gain_db=99))
        assert brightest.exposure_ms == driver.read_limits().exposure_ms.maximum


class TestFaults:
    def test_each_injected_fault_takes_the_place_of_one_frame(self, make):
        driver = make()
        driver.faults.extend([FrameTimeout("no frame"), FrameInvalid("broken")])
        with pytest.raises(FrameTimeout):
            driver.grab()
        with pytest.raises(FrameInvalid):
            driver.grab()
        assert driver.grab()

    def test_unplugging_comes_before_any_fault(self, make):
        driver = make()
        driver.faults.append(FrameTimeout("no frame"))
        driver.unplug()
        with pytest.raises(CameraLost):
            driver.grab()


def test_unused_drawn_frames_are_freed():
    scene = SimulatedScene(MONO, seed=1, defocus_px=0.0)
    settings = first_settings(MONO)
    before = scene.expose(settings, 12, 1)
    scene.forget_unused(3600)
    assert scene.expose(settings, 12, 1) is before
    scene.forget_unused(0)
    again = scene.expose(settings, 12, 1)
    assert again is not before
    assert (again == before).all()
