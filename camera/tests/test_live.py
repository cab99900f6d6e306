"""Promise 8: watching costs one encoding for all watchers together, and a slow watcher gets the newest picture."""

import email.parser
import email.policy
import io
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from camera import errors
from camera.api.streaming import MultipartStream, describe_frame
from camera.frame import RawFrame
from camera.live.admission import Admission, AdmissionChecker
from camera.live.view import LiveView, Watcher
from camera.service import Newest
from camera.tests.rig import STEADY, Asking, rigged, took_s, wait_until


@pytest.fixture
def live(camera):
    """The simulated camera, slow enough for the watchers of a busy machine."""
    view = LiveView(camera, most_watchers=3, most_fps=20)
    yield view
    view.close()


class CountingCamera:
    """Wraps a camera and counts the frames that are fetched from it."""

    def __init__(self, camera) -> None:
        self._camera = camera
        self.fetched: list[int] = []

    def __getattr__(self, name):
        return getattr(self._camera, name)

    def wait_for_newest(self, after: int, timeout_s: float) -> Newest | None:
        newest = self._camera.wait_for_newest(after, timeout_s)
        if newest:
            self.fetched.append(newest.count)
        return newest


def encoding_threads() -> int:
    return sum(thread.name == "live" for thread in threading.enumerate())


def shows_a_picture(live: LiveView) -> bool:
    try:
        return live.wait_for_picture(0, 5) is not None
    except errors.CaptureFailed:
        return False


def deepened(raw: RawFrame, bits: int, value: int) -> RawFrame:
    """Return a flat grey frame with that many bits."""
    pixels = np.full(raw.develop().shape[:2], value, np.uint8 if bits == 8 else np.uint16)
    return replace(raw, develop=lambda: pixels, descriptor=replace(raw.descriptor, significant_bits=bits))


def stream_of(watcher: Watcher) -> MultipartStream:
    """Return a stream that does not end when a permission is taken away."""
    return MultipartStream(watcher, describe_frame, AdmissionChecker(lambda admissions: set()), Admission(1, ""))


def take(watcher: Watcher, pictures: int) -> list[int]:
    return [next(watcher).count for _ in range(pictures)]


class TestPictures:
    def test_one_encoding_serves_all_watchers(self, camera):
        counting = CountingCamera(camera)
        live = LiveView(counting, most_watchers=3, most_fps=20)
        watchers = [live.watch() for _ in range(3)]
        seen = [Asking(lambda watcher=watcher: take(watcher, 10)) for watcher in watchers]
        counts = {count for one in seen for count in one.answer()}
        assert encoding_threads() == 1
        for watcher in watchers:
            watcher.close()
        assert counts <= set(counting.fetched)
        assert len(counting.fetched) == len(set(counting.fetched))
        live.close()

    def test_they_are_jpegs_of_the_frame(self, live):
        picture = live.take_picture()
        image = Image.open(io.BytesIO(picture.jpeg))
        assert (image.format, image.size) == ("JPEG", (320, 240))
        assert picture.age_ms < 5000

    @pytest.mark.parametrize(("bits", "value"), [(8, 128), (10, 513), (12, 2055), (16, 0x80FF)])
    def test_deep_pixels_are_shown_by_their_upper_eight_bits(self, camera, bits, value):
        class Deep(CountingCamera):
            def wait_for_newest(self, after: int, timeout_s: float) -> Newest | None:
                newest = super().wait_for_newest(after, timeout_s)
                return newest and replace(newest, raw=deepened(newest.raw, bits, value))

        with closing(LiveView(Deep(camera), most_watchers=3, most_fps=20)) as live, closing(live.watch()) as watcher:
            picture = next(watcher)
        with Image.open(io.BytesIO(picture.jpeg)) as image:
            assert set(image.tobytes()) == {value >> max(bits - 8, 0)} == {128}

    def test_a_slow_watcher_gets_the_newest_and_no_queue(self, live):
        with closing(live.watch()) as slow, closing(live.watch()) as quick:
            first = next(slow).count
            while next(quick).count < first + 10:
                pass
            assert next(slow).count >= first + 9

    def test_a_single_picture_is_newer_than_its_request(self, live):
        for _ in range(3):
            asked_at_s = time.perf_counter()
            assert live.take_picture().raw.received_at_s >= asked_at_s

    def test_what_was_seen_long_ago_is_not_shown_again(self, live, camera):
        live.take_picture()
        wait_until(lambda: camera.status().state == "ready")
        began_at_s = time.perf_counter()
        with closing(live.watch()) as watcher:
            assert next(watcher).raw.received_at_s >= began_at_s


class TestComingAndGoing:
    def test_more_than_the_most_are_sent_away_until_one_leaves(self, live):
        watchers = [live.watch() for _ in range(3)]
        with pytest.raises(errors.TooManyWatchers, match="3 people"):
            live.watch()
        watchers[0].close()
        live.watch().close()
        for watcher in watchers:
            watcher.close()

    def test_leaving_twice_counts_once(self, live):
        with closing(live.watch()), closing(live.watch()) as second:
            second.close()
            assert live.watchers == 1

    def test_the_encoding_ends_with_the_last_and_begins_again(self, live, camera):
        for _ in range(3):
            with closing(live.watch()) as watcher:
                next(watcher)
                assert live.is_encoding
                assert camera.status().watchers == 1
            wait_until(lambda: not live.is_encoding and camera.status().watchers == 0)
            wait_until(lambda: encoding_threads() == 0)

    def test_one_who_never_looks_leaves_nothing_behind(self, live, camera):
        live.watch().close()
        stream_of(live.watch()).close()
        wait_until(lambda: live.watchers == 0 and not live.is_encoding and camera.status().watchers == 0)
        wait_until(lambda: camera.status().state == "ready")

    def test_a_watcher_that_another_thread_closes_stops(self, live):
        watcher = live.watch()
        next(watcher)
        rest = Asking(lambda: list(watcher))
        watcher.close()
        assert rest.join(5).problem is None

    def test_ending_the_program_ends_all_streams(self, live):
        streams = [stream_of(live.watch()) for _ in range(2)]
        rest = [Asking(lambda stream=stream: list(stream)) for stream in streams]
        assert took_s(live.close) < 5
        assert all(one.join(5).problem is None for one in rest)


class TestTrouble:
    def test_a_dead_camera_is_an_error_and_no_empty_stream(self, tmp_path):
        with rigged(tmp_path, STEADY) as rig:
            live = LiveView(rig.service, most_watchers=3, most_fps=20)
            live.take_picture()
            # While the encoding thread still runs, a new watcher may get an old picture.
            wait_until(lambda: not live.is_encoding)
            rig.library.unplug(rig.camera)
            rig.wait_for_state("fault", "reopening")
            with pytest.raises(errors.CameraUnavailable):
                stream_of(live.watch())
            assert live.watchers == 0
            live.close()

    def test_watching_ends_when_the_camera_is_lost_and_works_again_after(self, live, camera, drivers):
        with closing(live.watch()) as watcher:
            next(watcher)
            drivers[-1].unplug()
            assert Asking(lambda: list(watcher)).join(5).problem is None
        wait_until(lambda: camera.status().state in ("ready", "streaming"))
        with closing(live.watch()) as watcher:
            assert next(watcher)

    def test_a_frame_that_cannot_be_shown_is_an_error_and_the_next_is_shown(self, camera):
        class Spoilt(CountingCamera):
            def wait_for_newest(self, after: int, timeout_s: float) -> Newest | None:
                if not self.fetched:
                    self.fetched.append(0)
                    raise ZeroDivisionError("a fault nobody foresaw")
                return super().wait_for_newest(after, timeout_s)

        live = LiveView(Spoilt(camera), most_watchers=3, most_fps=20)
        with closing(live.watch()) as watcher:
            with pytest.raises(errors.CaptureFailed, match="nobody foresaw"):
                watcher.wait_for_first()
            wait_until(lambda: shows_a_picture(live))
        live.close()

    def test_the_last_picture_is_sent_again_so_that_a_lost_client_is_noticed(self, live, camera):
        with closing(live.watch()) as watcher:
            next(watcher)
            long = Asking(lambda: camera.capture(1500.0))
            wait_until(lambda: camera.status().settings and long.is_waiting)
            pictures = []
            while long.is_waiting:
                pictures.append(next(watcher).count)
            assert len(pictures) > len(set(pictures))


class TestMultipart:
    def test_parts_are_well_formed(self, live):
        with closing(stream_of(live.watch())) as stream:
            body = b"".join(next(stream) for _ in range(3))
        head = b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body + b"--frame--\r\n")
        parts = message.get_payload()
        assert len(parts) == 3
        for part in parts:
            assert part.get_content_type() == "image/jpeg"
            assert len(part.get_content()) == int(part["Content-Length"])
            assert Image.open(io.BytesIO(part.get_content())).size == (320, 240)

    def test_each_part_carries_its_frames_numbers(self, live, camera):
        camera.configure(exposure_ms=20, gain_db=6)
        with closing(stream_of(live.watch())) as stream:
            [part] = (
                email.parser.BytesParser(policy=email.policy.HTTP)
                .parsebytes(b"Content-Type: multipart/mixed; boundary=frame\r\n\r\n" + next(stream) + b"--frame--\r\n")
                .get_payload()
            )
        assert (part["X-Exposure-Ms"], part["X-Gain-Db"]) == ("20", "6")
        age_s = (datetime.now(UTC) - datetime.fromisoformat(part["X-Frame-Received-At"])).total_seconds()
        assert float(part["X-Frame-Age-Ms"]) / 1000 <= age_s < 10
        assert (part["X-Frame-Width"], part["X-Frame-Height"], part["X-Significant-Bits"]) == ("320", "240", "8")
        channels = [[int(count) for count in channel.split(",")] for channel in part["X-Histogram"].split(";")]
        assert [len(channel) for channel in channels] == [256] * 4
        assert float(part["X-Clipped"]) == float(part["X-Underexposed"]) == 0
        assert float(part["X-Focus"]) > 0

    def test_a_picture_is_sent_again_when_the_next_takes_long(self, live, camera):
        """Browsers show a picture only when the next one begins."""
        camera.configure(exposure_ms=3000)
        with closing(stream_of(live.watch())) as stream:
            first, again = next(stream), next(stream)
        assert again.split(b"\r\n\r\n", 1)[1] == first.split(b"\r\n\r\n", 1)[1]
