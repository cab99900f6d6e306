"""Checks that the camera is still what it was when the job began."""

import logging

from camera.engine.requests import Permit
from camera.errors import CameraUnavailable, SettingOutOfRange, SettingRefused
from camera.registry import the_camera
from images.jobs.running.ledger import Ledger
from images.jobs.running.watching.clock_watch import ClockWatch
from images.jobs.seat import Seat, read_seat

logger = logging.getLogger(__name__)


class SeatCheck:
    """Compares the camera with the seat of one job. Only for the thread that runs the job."""

    def __init__(self, ledger: Ledger, watch: ClockWatch, *, is_resumed: bool) -> None:
        self._ledger = ledger
        self._watch = watch
        self._is_to_be_restored = is_resumed

    def find_differences(self, permit: Permit) -> list[str]:
        """Return the differences in sentences; empty if the camera is as it was when the job began. Raises a
        CameraUnavailable or a ControlRefused."""
        now = read_seat()
        said = self._ledger.job.seat or {}
        # The job began without a camera, or a user has accepted the camera as it is. The present one becomes its seat.
        if "camera" not in said:
            event = {"what": "camera_there", "text": f"The camera is there: {now.fields['camera']}."}
            self._ledger.change(self._watch.now, event, {"seat": {**said, **now.as_json()}})
            return []
        seat = Seat.from_json(said)
        # Only at the first look after a start: later, a difference means that somebody changed the camera.
        if self._is_to_be_restored and seat.find_differences(now):
            now = self._restore(seat, permit)
        self._is_to_be_restored = False
        return seat.find_differences(now)

    @property
    def is_as_before(self) -> bool:
        try:
            return not Seat.from_json(self._ledger.job.seat or {}).find_differences(read_seat())
        except CameraUnavailable:
            return False

    def _restore(self, seat: Seat, permit: Permit) -> Seat:
        """Set the geometry of the job: a camera that was just opened reads its whole sensor."""
        job = self._ledger.job
        try:
            the_camera().configure(by=job.user.get_username(), permit=permit, **seat.geometry)
        except (SettingOutOfRange, SettingRefused) as problem:
            logger.warning("The camera does not take the settings of job %d: %s", job.pk, problem)
        return read_seat()
