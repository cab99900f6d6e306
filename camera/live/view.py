"""The live view: newest frame -> one JPEG -> all watchers.

One thread encodes each picture once for all watchers. A slow watcher skips pictures and gets the newest one; there is
no queue. The encoding thread runs while there are watchers.
"""

import logging
import threading
import time
from contextlib import closing
from typing import BinaryIO

from camera import errors
from camera.engine.requests import copy_without_traceback
from camera.frame import to_display
from camera.live.picture import LivePicture, encode_jpeg
from camera.live.statistics import compute_statistics
from camera.memory import open_memory_file
from camera.results.taken_frame import develop
from camera.service import Camera

logger = logging.getLogger(__name__)

FIRST_PICTURE_TIMEOUT_S = 5.0
# The server notices that a client has left only when it sends something.
MAX_SILENCE_S = 0.5
REPEAT_AFTER_S = 0.1
# A lost camera raises at once, so without a pause this thread would use a whole processor.
PAUSE_AFTER_FAULT_S = 0.2


class LiveView:
    """The live view of one camera. Safe to use from any thread."""

    def __init__(self, camera: Camera, most_watchers: int, most_fps: float) -> None:
        self._camera = camera
        self._most_watchers = most_watchers
        self._pace = Pace(most_fps)
        self._changed = threading.Condition()
        self._picture: LivePicture | None = None
        self._problem: errors.CameraError | None = None
        self._watchers: set[Watcher] = set()
        self._is_encoding = False
        self._is_ending = False

    def watch(self) -> "Watcher":
        """Return a new watcher. The caller closes it. Raises TooManyWatchers."""
        with self._changed:
            if len(self._watchers) >= self._most_watchers:
                raise errors.TooManyWatchers(
                    f"{self._most_watchers} people are watching already. Close another live view, then try again."
                )
            watcher = Watcher(self)
            self._watchers.add(watcher)
            if not self._is_encoding:
                self._is_encoding = True
                threading.Thread(target=self._encode_while_watched, name="live", daemon=True).start()
        return watcher

    def take_picture(self) -> LivePicture:
        """Return a picture whose frame was received after this call. Blocks. Raises TooManyWatchers, or the error of
        the camera."""
        asked_at_s = time.perf_counter()
        with closing(self.watch()) as watcher:
            picture = watcher.wait_for_first()
            # The first picture may be an older one that was made for other watchers.
            while picture.raw.received_at_s < asked_at_s:
                picture = watcher.wait_for_next()
            return picture

    def close(self) -> None:
        """End all streams, for good."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    @property
    def is_ending(self) -> bool:
        return self._is_ending

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    @property
    def is_encoding(self) -> bool:
        """Return True while the encoding thread runs."""
        return self._is_encoding

    @property
    def patience_s(self) -> float:
        """How long to wait for a picture until that is a fault. Two exposures, because a frame may just have begun."""
        return FIRST_PICTURE_TIMEOUT_S + 2 * self._camera.longest_exposure_s

    def wait_for_picture(self, after: int, timeout_s: float) -> LivePicture | None:
        """Block until there is a picture whose count is above `after`, and return it.

        Returns None if none came in time or the program is stopping. Raises the error of the camera while there is one.
        """
        until_s = time.perf_counter() + timeout_s
        with self._changed:
            while self._picture is None or self._picture.count <= after:
                if self._problem is not None:
                    # Each watcher raises an error of its own. One error raised by many threads would collect their
                    # tracebacks.
                    raise copy_without_traceback(self._problem)
                remaining_s = until_s - time.perf_counter()
                if remaining_s <= 0 or self._is_ending:
                    return None
                self._changed.wait(remaining_s)
            return self._picture

    def leave(self, watcher: "Watcher") -> None:
        """Remove a watcher. Does nothing if it has left already."""
        with self._changed:
            self._watchers.discard(watcher)
            self._changed.notify_all()

    def _encode_while_watched(self) -> None:
        # Frames from before the thread started are too old to show.
        count = self._camera.newest_count
        with open_memory_file() as scratch:
            while not self._sign_off():
                try:
                    self._show(None, None)
                    with self._camera.watching():
                        while self._is_needed:
                            count = self._encode_next(count, scratch)
                except errors.CameraError as problem:
                    self._show(None, problem)
                    self._pause(PAUSE_AFTER_FAULT_S)
                except Exception as problem:
                    # The boundary of the thread: a picture that cannot be encoded must not end the live view for good.
                    logger.exception("Unexpected error in the live view")
                    self._show(None, errors.CaptureFailed(f"The live picture could not be made ({problem})."))
                    self._pause(PAUSE_AFTER_FAULT_S)

    def _encode_next(self, count: int, scratch: BinaryIO) -> int:
        newest = self._camera.wait_for_newest(count, MAX_SILENCE_S)
        if newest is None:
            return count
        if not self._pace.lets(newest.raw.received_at_s):
            return newest.count
        frame = develop(newest.raw, newest.source)
        bits = frame.descriptor.significant_bits
        # The JPEG shows the label SIMULATED; the statistics do not count it.
        jpeg = encode_jpeg(to_display(frame.pixels, bits), scratch)
        statistics = compute_statistics(frame.picture, bits)
        self._show(LivePicture(newest.count, jpeg, newest.raw, statistics, frame.width, frame.height), None)
        return newest.count

    def _show(self, picture: LivePicture | None, problem: errors.CameraError | None) -> None:
        with self._changed:
            self._picture, self._problem = picture, problem
            self._changed.notify_all()

    @property
    def _is_needed(self) -> bool:
        return bool(self._watchers) and not self._is_ending

    def _pause(self, seconds: float) -> None:
        """Wait, but return early if there are no more watchers."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_needed, max(seconds, 0.0))

    def _sign_off(self) -> bool:
        """Return True if the encoding thread may end. It decides under the lock, so that no second thread starts beside
        it and no watcher is left without one."""
        with self._changed:
            if self._is_needed:
                return False
            self._is_encoding = False
            self._picture = self._problem = None
            self._changed.notify_all()
            return True


class Watcher:
    """One watcher, used by one thread. An iteration yields the newest picture each time.

    If no new picture comes, it yields the last one again. The first repetition comes soon, because browsers show a
    picture only when the next one begins. Later repetitions let the server notice that a client is gone. The iteration
    ends if the program stops, the camera is lost, or the watcher is closed.
    """

    def __init__(self, live: LiveView) -> None:
        self._live = live
        self._picture: LivePicture | None = None
        self._is_repeated = False
        self._is_closed = False

    def wait_for_first(self) -> LivePicture:
        """Block until the first picture. Raises the error of the camera, so that a lost camera gives an HTTP error
        instead of an empty stream."""
        return self.wait_for_next()

    def wait_for_next(self) -> LivePicture:
        """Block until a picture that this watcher has not seen, and return it. Raises the error of the camera."""
        after = self._picture.count if self._picture else 0
        picture = self._live.wait_for_picture(after, self._live.patience_s)
        if picture is None:
            raise errors.CameraNotResponding("The camera sent no picture in time.")
        self._picture = picture
        return picture

    def __iter__(self) -> "Watcher":
        return self

    def __next__(self) -> LivePicture:
        if self._picture is None:
            return self.wait_for_first()
        patience_s = MAX_SILENCE_S if self._is_repeated else REPEAT_AFTER_S
        try:
            newer = self._live.wait_for_picture(self._picture.count, patience_s)
        except errors.CameraError:
            raise StopIteration from None
        self._picture, self._is_repeated = newer or self._picture, newer is None
        if self._live.is_ending or self._is_closed:
            raise StopIteration
        return self._picture

    def close(self) -> None:
        """Leave the live view. May be called twice."""
        self._is_closed = True
        self._live.leave(self)


class Pace:
    """Chooses which frames are shown if the camera is faster than the live view. It keeps the average rate and shows
    each frame while it is new. A fixed wait between pictures would show older frames."""

    def __init__(self, most_fps: float) -> None:
        self._interval_s = 1 / most_fps
        self._due_at_s = float("-inf")

    def lets(self, received_at_s: float) -> bool:
        """Return True if the frame received at that time is shown. A frame may come up to half an interval early; the
        next one is then due later, so that the average rate stays."""
        if received_at_s < self._due_at_s - self._interval_s / 2:
            return False
        is_late = received_at_s > self._due_at_s + self._interval_s
        self._due_at_s = (received_at_s if is_late else self._due_at_s) + self._interval_s
        return True
