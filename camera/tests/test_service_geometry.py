"""All users share the geometry. A change keeps its place in the queue, watchers survive it, and each frame proves
it."""

import random
import time
from contextlib import closing

import pytest

from camera import errors
from camera.drivers.settings import Settings, SettingsRequest, is_same_binning
from camera.frame import Binning, Frame, Roi
from camera.live.view import LiveView
from camera.tests.rig import PATIENCE_S, STEADY, Asking, Rig, rigged, wait_until
from camera.tests.standin.codes import FeatureId, PixelFormat
from camera.tests.standin.settings import Roi as SensorRoi

WHOLE = Roi(0, 0, 96, 64)
PART = Roi(16, 8, 48, 32)
GEOMETRIES = [
    {"roi": WHOLE, "binning": Binning(1, 1, "decimate"), "rotation_deg": 0, "pixel_format": "MONO8"},
    {"roi": PART, "rotation_deg": 90, "flip_horizontal": True},
    {"roi": Roi(8, 4, 32, 16), "pixel_format": "MONO16", "flip_vertical": True},
    {"roi": WHOLE, "binning": Binning(2, 2, "bin"), "gamma": 2.0},
    {"roi": Roi(0, 0, 64, 48), "rotation_deg": 270, "flip_horizontal": False, "gamma": 1.0},
]


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path, STEADY) as rig:
        yield rig


def assert_is_as_it_says(frame: Frame) -> None:
    """The shape of the pixels is the one that the record will state."""
    taken = frame.descriptor
    told = Settings(0, 0, taken.roi, taken.binning, taken.pixel_format, rotation_deg=taken.rotation_deg)
    assert (frame.width, frame.height) == told.frame_size
    assert frame.pixels.max() < 2**taken.significant_bits


def assert_shows(frame: Frame, settings: Settings) -> None:
    assert_is_as_it_says(frame)
    taken = frame.descriptor
    assert (taken.roi, taken.rotation_deg, taken.pixel_format, taken.gamma) == (
        settings.roi,
        settings.rotation_deg,
        settings.pixel_format,
        settings.gamma,
    )
    assert (taken.flip_horizontal, taken.flip_vertical) == (settings.flip_horizontal, settings.flip_vertical)
    assert is_same_binning(taken.binning, settings.binning)


class TestCaptures:
    @pytest.mark.parametrize("latency_frames", [0, 3])
    def test_the_first_after_a_change_shows_it(self, rig, latency_frames):
        rig.camera.stream.settings_latency_frames = latency_frames
        with rig.service.watching():
            for geometry in GEOMETRIES * 2:
                accepted = rig.service.configure(**geometry)
                assert_shows(rig.service.capture(), accepted)
                assert_shows(rig.service.capture(5.0), accepted)

    @pytest.mark.parametrize(
        "changes",
        [
            [{"flip_horizontal": True}, {"flip_vertical": True}, {"flip_horizontal": False}],
            [{"white_balance": (1.5, 1.0, 0.5)}, {"white_balance": (1.0, 1.0, 1.0)}],
            [{"gamma": 2.0}, {"gamma": 1.5}, {"gamma": 2.5}],
        ],
        ids=["flips", "white balance", "gamma"],
    )
    def test_what_is_set_while_streaming_is_waited_for_however_many_frames_it_takes(self, tmp_path, changes):
        with rigged(tmp_path, STEADY, is_colour=True) as rig, rig.service.watching():
            rig.service.configure(15.0)
            rig.service.capture()
            rig.camera.stream.settings_latency_frames = 11
            for change in changes * 2:
                accepted = rig.service.configure(**change)
                taken = rig.service.capture().descriptor
                assert {name: getattr(taken, name) for name in change} == change
                assert SettingsRequest(**change).fill_from(accepted) == SettingsRequest.from_settings(accepted)

    def test_each_is_as_it_says_while_others_change_the_geometry(self, rig):
        def change() -> None:
            chance = random.Random(1)
            for _ in range(25):
                rig.service.configure(**chance.choice(GEOMETRIES))

        def capture(exposure_ms: float | None) -> list[Frame]:
            frames = []
            while changing.is_waiting:
                frames.append(rig.service.capture(exposure_ms))
            return frames

        with rig.service.watching():
            rig.service.capture()
            changing = Asking(change)
            frames = [
                frame
                for person in [Asking(lambda ms=ms: capture(ms)) for ms in (None, 3.0)]
                for frame in person.answer()
            ]
            changing.answer()
        assert len({frame.descriptor.roi for frame in frames}) > 1
        for frame in frames:
            assert_is_as_it_says(frame)

    def test_a_change_waits_for_its_place_in_line(self, rig):
        rig.service.capture()
        before = Asking(lambda: rig.service.capture(300.0))
        wait_until(lambda: rig.camera.settings.exposure_s > 0.2)
        changing = Asking(lambda: rig.service.configure(roi=PART))
        assert before.answer().descriptor.roi == WHOLE
        assert changing.answer().roi == PART
        # Not before the exposure can be over. Which of the two threads wakes up first does not matter.
        assert changing.answered_at_s - before.asked_at_s >= 0.3

    def test_frames_that_never_show_the_geometry_are_an_error_that_says_so(self, rig):
        rig.service.configure(roi=PART)
        rig.camera.faults.garble_descriptors(1000, {"Roi.fLeft": 0.0})
        with pytest.raises(errors.CaptureFailed, match=r"set to 48 x 32 at 16, 8, but its frames say 48 x 32 at 0, 8"):
            rig.service.capture()


class TestWatchers:
    def test_survive_a_change_and_see_it_and_counts_go_on(self, rig):
        live = LiveView(rig.service, most_watchers=3, most_fps=50)
        with closing(live), closing(live.watch()) as watcher:
            first = watcher.wait_for_first()
            assert (first.width, first.height) == (96, 64)
            rig.service.configure(roi=PART, rotation_deg=90)
            until_s = time.perf_counter() + PATIENCE_S
            counts = [first.count]
            for picture in watcher:
                counts.append(picture.count)
                if (picture.width, picture.height) == (32, 48) or time.perf_counter() > until_s:
                    break
            assert (picture.width, picture.height) == (32, 48)
            assert counts == sorted(counts)
            assert picture.raw.descriptor.roi == PART
        assert rig.count("PxLInitializeEx") == 1

    def test_a_change_of_colours_alone_does_not_stop_the_stream(self, tmp_path):
        with rigged(tmp_path, STEADY, is_colour=True) as rig, rig.service.watching():
            rig.service.capture()
            calls = rig.count("PxLSetStreamState")
            accepted = rig.service.configure(white_balance=(1.5, 1.0, 0.5))
            assert rig.service.capture().descriptor.white_balance == accepted.white_balance == (1.5, 1.0, 0.5)
            assert rig.count("PxLSetStreamState") == calls


class TestRefusals:
    @pytest.mark.parametrize(
        ("wish", "field", "words"),
        [
            ({"roi": Roi(0, 0, 97, 64)}, "roi", "sensor of 96 x 64 pixels"),
            ({"roi": Roi(-8, 0, 48, 32)}, "roi", "at least 16 x 8"),
            ({"roi": Roi(0, 0, 8, 8)}, "roi", "in steps of 8 x 2"),
            ({"roi": Roi(90, 0, 48, 32)}, "roi", "got 48 x 32 at 90, 0"),
            ({"binning": Binning(9, 9, "bin")}, "binning", "one of 1, 2, 3, 4"),
            ({"binning": Binning(2, 2, "magic")}, "binning", "decimate, average, bin, resample"),
            ({"pixel_format": "BAYER8"}, "pixelFormat", "MONO8, "),
            ({"rotation_deg": 45}, "rotation", "0, 90, 180, 270"),
            ({"gamma": 9.0}, "gamma", "between 0.45 and 4"),
            ({"gamma": float("nan")}, "gamma", "not a number"),
        ],
    )
    def test_what_is_outside_names_field_and_limits_and_changes_nothing(self, rig, wish, field, words):
        before = rig.service.configure(4.0, 3.0, roi=PART)
        with pytest.raises(errors.SettingOutOfRange, match=words) as refused:
            rig.service.configure(9.0, **wish)
        assert list(refused.value.fields) == [field]
        assert rig.service.status().settings == before
        assert_shows(rig.service.capture(), before)

    @pytest.mark.parametrize(
        ("feature", "wish", "field"),
        [
            (FeatureId.PIXEL_ADDRESSING, {"binning": Binning(2, 2, "bin")}, "binning"),
            (FeatureId.FLIP, {"flip_vertical": True}, "flipVertical"),
            (FeatureId.ROTATE, {"rotation_deg": 90}, "rotation"),
            (FeatureId.GAMMA, {"gamma": 2.0}, "gamma"),
            (FeatureId.WHITE_SHADING, {"white_balance": (1.0, 1.0, 1.0)}, "whiteBalance"),
        ],
    )
    def test_what_a_camera_lacks_is_refused_with_a_sentence(self, tmp_path, feature, wish, field):
        with rigged(tmp_path, STEADY, absent_features=frozenset({feature})) as rig:
            before = rig.service.configure()
            with pytest.raises(errors.SettingRefused, match="This camera") as refused:
                rig.service.configure(**wish)
            assert list(refused.value.fields) == [field]
            assert rig.service.configure() == before
            assert rig.service.capture()

    def test_a_refusal_in_the_midst_of_many_sets_all_back(self, tmp_path):
        with rigged(tmp_path, STEADY, read_only_features=frozenset({FeatureId.ROTATE})) as rig:
            before = rig.service.configure(4.0, 3.0)
            with pytest.raises(errors.SettingRefused):
                rig.service.configure(9.0, 6.0, roi=PART, pixel_format="MONO16", rotation_deg=90)
            assert rig.service.status().settings == before
            frame = rig.service.capture()
            assert_shows(frame, before)
            assert (frame.descriptor.exposure_ms, frame.descriptor.gain_db) == (4.0, 3.0)


class TestOpening:
    def test_what_another_program_left_is_undone(self, rig):
        rig.camera.leave_behind(
            roi=SensorRoi(8, 2, 40, 22), addressing_x=2, addressing_y=2, flip_horizontal=True, gamma=2.2
        )
        frame = rig.service.capture()
        assert (frame.width, frame.height) == (96, 64)
        taken = frame.descriptor
        assert (taken.flip_horizontal, taken.gamma, taken.binning.x) == (False, 1.0, 1)

    def test_format_and_white_balance_are_left_and_told(self, tmp_path):
        with rigged(tmp_path, STEADY, is_colour=True) as rig:
            rig.camera.leave_behind(pixel_format=PixelFormat.BAYER16_GRBG, white_shading=(1.5, 1.0, 0.5))
            taken = rig.service.capture().descriptor
            assert (taken.pixel_format, taken.white_balance) == ("BAYER16_GRBG", (1.5, 1.0, 0.5))

    def test_after_a_loss_the_geometry_is_as_it_was(self, rig):
        accepted = rig.service.configure(4.0, 6.0, **GEOMETRIES[1] | {"pixel_format": "MONO12_PACKED", "gamma": 2.0})
        rig.service.capture()
        lose_and_find(rig)
        assert rig.service.status().settings == accepted
        assert_shows(rig.service.capture(), accepted)

    def test_a_region_is_not_carried_over_to_another_sensor(self, rig):
        rig.service.configure(roi=PART)
        rig.camera.characteristics = rig.camera.characteristics.__class__(sensor_width=64, sensor_height=48)
        lose_and_find(rig, roi=SensorRoi(0, 0, 64, 48))
        assert rig.service.status().settings.roi == Roi(0, 0, 64, 48)

    def test_a_camera_that_cannot_be_brought_to_it_keeps_its_own_and_says_so_in_each_frame(self, tmp_path):
        with rigged(tmp_path, STEADY, read_only_features=frozenset({FeatureId.FLIP})) as rig:
            rig.camera.leave_behind(flip_horizontal=True)
            frame = rig.service.capture()
            assert frame.descriptor.flip_horizontal
            assert frame.descriptor.exposure_ms == 2.0


def lose_and_find(rig: Rig, **powered_up) -> None:
    rig.library.unplug(rig.camera)
    rig.wait_for_state("fault", "reopening")
    if powered_up:
        rig.camera.user_settings = rig.camera.characteristics.factory_settings()
    rig.library.plug(rig.camera)
    rig.wait_for_state("ready", "streaming")


class TestWhiteBalance:
    def test_one_push_is_for_everyone_and_shown_by_the_next_capture(self, tmp_path):
        with rigged(tmp_path, STEADY, is_colour=True) as rig:
            before = rig.service.configure(3.0)
            found = rig.service.balance_white()
            assert found.white_balance != before.white_balance
            assert rig.service.status().settings == found
            assert rig.service.capture().descriptor.white_balance == pytest.approx(found.white_balance)
            lose_and_find(rig)
            assert rig.service.capture().descriptor.white_balance == pytest.approx(found.white_balance)

    def test_a_mono_camera_refuses_with_a_sentence(self, rig):
        with pytest.raises(errors.SettingRefused, match="cannot find its white balance"):
            rig.service.balance_white()
        assert rig.service.capture()


def test_nothing_wanted_is_nothing_set(rig):
    before = rig.service.configure(roi=PART)
    calls = rig.count("PxLSetFeature")
    assert rig.service.configure(**dict.fromkeys(("roi", "gamma", "binning"))) == before
    assert rig.service.configure(**{"roi": PART}) == before
    assert rig.count("PxLSetFeature") == calls
    assert SettingsRequest().is_exposure_and_gain_only
