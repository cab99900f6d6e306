"""Counts captures and their times, for the metrics, since the start of the program."""

from django.dispatch import receiver
from prometheus_client import CollectorRegistry, Counter, Histogram

from images.events import capture_ended

REGISTRY = CollectorRegistry()
# From a short exposure on a fast disk to a long one whose camera had to be opened again.
BOUNDS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)

captures = Counter(
    "microscope_captures",
    "Captures of one image, by result: stored, or the code of the error.",
    ["result"],
    registry=REGISTRY,
)
capture_seconds = Histogram(
    "microscope_capture_seconds",
    "From the request to the original on disk, of captures that were stored.",
    buckets=BOUNDS_S,
    registry=REGISTRY,
)
# Both results exist from the start, with 0. Otherwise Prometheus would not see the first one as a rise.
captures.labels("stored")


@receiver(capture_ended)
def count_capture(seconds: float, error: Exception | None, **_: object) -> None:
    captures.labels("stored" if error is None else getattr(error, "code", "server_error")).inc()
    if error is None:
        capture_seconds.observe(seconds)
