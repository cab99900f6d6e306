"""The live picture: newest frame -> one JPEG -> every watcher.

One thread encodes, for all watchers together. A watcher that is slow gets the newest picture when it is ready for
one, never a queue. The encoding thread lives while there is someone to see its work.
"""

import logging
import threading
import time
from contextlib import closing
from typing import BinaryIO

from camera import errors
from camera.frame import to_display
from camera.live_picture import LivePicture, encode_jpeg
from camera.numbers import measure
from camera.scratch import open_scratch_file
from camera.service import Camera, develop
from camera.turns import anew

logger = logging.getLogger(__name__)

FIRST_PICTURE_TIMEOUT_S = 5.0
LONGEST_SILENCE_S = 0.5
REPEAT_AFTER_S = 0.1
PAUSE_AFTER_FAULT_S = 0.2


class LiveView:
    """May be used from any thread."""

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
        """A new watcher, to be closed by the caller. Raises TooManyWatchers."""
        with self._changed:
            if len(self._watchers) >= self._most_watchers:
                raise errors.TooManyWatchers(
                    f"{self._most_watchers} people are watching already. Close a live view somewhere, then try again."
                )
            watcher = Watcher(self)
            self._watchers.add(watcher)
            if not self._is_encoding:
                self._is_encoding = True
                threading.Thread(target=self._encode_while_watched, name="live", daemon=True).start()
        return watcher

    def take_picture(self) -> LivePicture:
        """One picture received after this call. Blocks; raises the camera's error."""
        asked_at_s = time.perf_counter()
        with closing(self.watch()) as watcher:
            picture = watcher.wait_for_first()
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
        """Whether the encoding thread is at work."""
        return self._is_encoding

    @property
    def patience_s(self) -> float:
        """How long to wait for a picture before that is a fault: long exposures take their time."""
        return FIRST_PICTURE_TIMEOUT_S + 2 * self._camera.longest_exposure_s

    def wait_for_picture(self, after: int, timeout_s: float) -> LivePicture | None:
        """The newest picture, once its count is above `after`; None if none came in time or the program ends.

        Blocks. Raises the camera's error while there is one.
        """
        until_s = time.perf_counter() + timeout_s
        with self._changed:
            while self._picture is None or self._picture.count <= after:
                if self._problem is not None:
                    raise anew(self._problem)
                remaining_s = until_s - time.perf_counter()
                if remaining_s <= 0 or self._is_ending:
                    return None
                self._changed.wait(remaining_s)
            return self._picture

    def leave(self, watcher: "Watcher") -> None:
        """One watcher less; nothing for one who has left before."""
        with self._changed:
            self._watchers.discard(watcher)
            self._changed.notify_all()

    def _encode_while_watched(self) -> None:
        # What was seen before is old by now.
        count = self._camera.newest_count
        with open_scratch_file() as scratch:
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
                    # The thread's boundary: a picture that cannot be encoded must not end the live view for good.
                    logger.exception("The live view met an error nobody foresaw")
                    self._show(None, errors.CaptureFailed(f"The picture could not be shown ({problem})."))
                    self._pause(PAUSE_AFTER_FAULT_S)

    def _encode_next(self, count: int, scratch: BinaryIO) -> int:
        newest = self._camera.wait_for_newest(count, LONGEST_SILENCE_S)
        if newest is None:
            return count
        if not self._pace.lets(newest.raw.received_at_s):
            return newest.count
        frame = develop(newest.raw, newest.source)
        bits = frame.descriptor.significant_bits
        jpeg = encode_jpeg(to_display(frame.pixels, bits), scratch)
        numbers = measure(frame.picture, bits)
        self._show(LivePicture(newest.count, jpeg, newest.raw, numbers, frame.width, frame.height), None)
        return newest.count

    def _show(self, picture: LivePicture | None, problem: errors.CameraError | None) -> None:
        with self._changed:
            self._picture, self._problem = picture, problem
            self._changed.notify_all()

    @property
    def _is_needed(self) -> bool:
        return bool(self._watchers) and not self._is_ending

    def _pause(self, seconds: float) -> None:
        """Ends early when nobody watches any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_needed, max(seconds, 0.0))

    def _sign_off(self) -> bool:
        """Whether the encoding thread may end: decided under the lock, so that none is begun beside it nor missed."""
        with self._changed:
            if self._is_needed:
                return False
            self._is_encoding = False
            self._picture = self._problem = None
            self._changed.notify_all()
            return True


class Watcher:
    """One who watches, from one thread. Iterating gives pictures as they come, each the newest.

    Where no new one came for a while the last is given again. Browsers show a picture only when the next one begins,
    so the first time comes soon; later ones let whoever sends them notice when nobody receives any more.
    Iteration ends with the program and when the camera is lost.
    """

    def __init__(self, live: LiveView) -> None:
        self._live = live
        self._picture: LivePicture | None = None
        self._is_repeated = False
        self._is_closed = False

    def wait_for_first(self) -> LivePicture:
        """Blocks for the first picture, so that a dead camera is an error and not an empty stream."""
        return self.wait_for_next()

    def wait_for_next(self) -> LivePicture:
        """Blocks for a picture not yet seen. Raises the camera's error."""
        after = self._picture.count if self._picture else 0
        picture = self._live.wait_for_picture(after, self._live.patience_s)
        if picture is None:
            raise errors.CameraNotResponding("The camera has sent no picture in time.")
        self._picture = picture
        return picture

    def __iter__(self) -> "Watcher":
        return self

    def __next__(self) -> LivePicture:
        if self._picture is None:
            return self.wait_for_first()
        patience_s = LONGEST_SILENCE_S if self._is_repeated else REPEAT_AFTER_S
        try:
            newer = self._live.wait_for_picture(self._picture.count, patience_s)
        except errors.CameraError:
            raise StopIteration from None
        self._picture, self._is_repeated = newer or self._picture, newer is None
        if self._live.is_ending or self._is_closed:
            raise StopIteration
        return self._picture

    def close(self) -> None:
        """Leave; may be called twice."""
        self._is_closed = True
        self._live.leave(self)


class Pace:
    """Which frames of a camera that is faster than the live view are shown: so many a second on the whole, and each
    when it is new. To wait a fixed time between pictures would show frames that had grown old meanwhile."""

    def __init__(self, most_fps: float) -> None:
        self._interval_s = 1 / most_fps
        self._due_at_s = float("-inf")

    def lets(self, received_at_s: float) -> bool:
        """Whether the frame that came at that instant is shown. A frame may come half an interval before its time, if
        those after it make up for that."""
        if received_at_s < self._due_at_s - self._interval_s / 2:
            return False
        is_late = received_at_s > self._due_at_s + self._interval_s
        self._due_at_s = (received_at_s if is_late else self._due_at_s) + self._interval_s
        return True
