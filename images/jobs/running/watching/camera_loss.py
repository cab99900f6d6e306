"""How long the camera of a job has been away, and whether its plan waits any longer."""

from datetime import timedelta

from images.jobs.running.watching.clock_watch import ClockWatch


class CameraLoss:
    """On the thread that runs the job."""

    def __init__(self, watch: ClockWatch, patience: timedelta | None) -> None:
        """`patience`: None waits for ever."""
        self._watch = watch
        self._patience = patience
        # In seconds of the clock's `elapsed_s`; None while the camera is there.
        self._since_s: float | None = None

    def note_back(self) -> None:
        self._since_s = None

    def note(self) -> bool:
        """The camera is away. Returns True if that has lasted too long."""
        if self._since_s is None:
            self._since_s = self._watch.elapsed_s
        return self._patience is not None and self._watch.elapsed_s - self._since_s >= self._patience.total_seconds()
