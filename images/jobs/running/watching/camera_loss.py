"""Measures how long the camera of a job has been away, and if the plan still waits for it."""

from datetime import timedelta

from images.jobs.running.watching.clock_watch import ClockWatch


class CameraLoss:
    """The absence of the camera of one job. Only for the thread that runs the job."""

    def __init__(self, watch: ClockWatch, patience: timedelta | None) -> None:
        """`patience`: after this time the job gives up; None: never."""
        self._watch = watch
        self._patience = patience
        # Since when it is away, in seconds of the clock's `elapsed_s`; None while the camera is there.
        self._since_s: float | None = None

    def note_back(self) -> None:
        self._since_s = None

    def note(self) -> bool:
        """Note that the camera is away. Returns True if it has been away for too long."""
        if self._since_s is None:
            self._since_s = self._watch.elapsed_s
        return self._patience is not None and self._watch.elapsed_s - self._since_s >= self._patience.total_seconds()
