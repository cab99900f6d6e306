"""The live view over HTTP: one picture, or a stream of pictures until the client leaves or its admission ends."""

from collections.abc import Callable, Iterator

from django.http import HttpResponse, StreamingHttpResponse

from camera.live.admission import Admission, AdmissionChecker, close_database_connections
from camera.live.picture import LivePicture
from camera.live.view import Watcher
from camera.registry import the_admission_checker, the_live_view

BOUNDARY = "frame"
STREAM_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
# X-Accel-Buffering: nginx must pass each picture on at once. no-store: a live picture must never come from a cache.
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Describe = Callable[[LivePicture], dict[str, str]]


def describe_frame(picture: LivePicture) -> dict[str, str]:
    """Return all metadata of the picture as HTTP headers."""
    return {**picture.lasting_headers, "X-Frame-Age-Ms": f"{picture.age_ms:.1f}"}


def describe_nothing(picture: LivePicture) -> dict[str, str]:
    """Return no headers, for programs that read only the pictures: some fail on long header lines."""
    return {}


def take_live_frame() -> HttpResponse:
    picture = the_live_view().take_picture()
    return HttpResponse(picture.jpeg, content_type="image/jpeg", headers=describe_frame(picture))


def stream_live(admission: Admission, describe: Describe) -> StreamingHttpResponse:
    """Return the stream. `describe` makes the headers of each part. Blocks until the first picture. Raises
    TooManyWatchers, or the error of the camera if no picture comes."""
    close_database_connections()
    stream = MultipartStream(the_live_view().watch(), describe, the_admission_checker(), admission)
    return StreamingHttpResponse(stream, content_type=STREAM_TYPE, headers=STREAM_HEADERS)


class MultipartStream:
    """A watcher's pictures as parts of one HTTP body (RFC 2046, section 5.1). The server closes it."""

    def __init__(
        self, watcher: Watcher, describe: Describe, admission_checker: AdmissionChecker, admission: Admission
    ) -> None:
        """Block until the first picture. Raises the error of the camera; then the watcher is closed."""
        self._watcher = watcher
        self._describe = describe
        self._admission_checker = admission_checker
        try:
            self._first: LivePicture | None = watcher.wait_for_first()
        # Also at the end of the process: a watcher that nobody closes keeps the camera streaming.
        except BaseException:
            watcher.close()
            raise
        admission_checker.watch_over(watcher, admission)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        picture, self._first = self._first or next(self._watcher), None
        lines = [f"--{BOUNDARY}", "Content-Type: image/jpeg", f"Content-Length: {len(picture.jpeg)}"]
        lines += [f"{name}: {value}" for name, value in self._describe(picture).items()]
        return b"".join(["\r\n".join(lines).encode("ascii"), b"\r\n\r\n", picture.jpeg, b"\r\n"])

    def close(self) -> None:
        self._admission_checker.forget(self._watcher)
        self._watcher.close()
