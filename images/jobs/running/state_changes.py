"""The state changes that the program itself makes: finished, paused, running again, failed."""

from images.jobs.running.ledger import Ledger
from images.jobs.running.watching.clock_watch import ClockWatch
from images.models import Job

NOT_PAUSED = {"reason": "", "detail": "", "pause_cause": "", "paused_by": ""}


class StateChanges:
    """Changes the state of one job. Only for the thread that runs the job. Each change is written together with the
    event that explains it."""

    def __init__(self, ledger: Ledger, watch: ClockWatch) -> None:
        self._ledger = ledger
        self._watch = watch

    def finish(self) -> None:
        columns = {"state": Job.State.FINISHED, "ended_at": self._watch.now, **NOT_PAUSED}
        self._ledger.change(self._watch.now, {"what": "finished", "text": "Finished."}, columns)

    def fail(self, reason: str, detail: str) -> None:
        event = {"what": "failed", "text": reason, "detail": detail}
        columns = {"state": Job.State.FAILED, "ended_at": self._watch.now, **NOT_PAUSED}
        self._ledger.change(self._watch.now, event, {**columns, "reason": reason, "detail": detail})

    def pause(self, cause: Job.PauseCause, reason: str, detail: str) -> None:
        event = {"what": "paused", "text": reason, "detail": detail}
        # NOT_PAUSED first: it empties the columns that the cause does not set.
        columns = {"state": Job.State.PAUSED, **NOT_PAUSED, "pause_cause": cause, "reason": reason, "detail": detail}
        self._ledger.change(self._watch.now, event, columns)

    def go_on(self, text: str) -> None:
        """End a pause. `text` says why it is over."""
        event = {"what": "continued", "text": text}
        self._ledger.change(self._watch.now, event, {"state": Job.State.RUNNING, **NOT_PAUSED})
