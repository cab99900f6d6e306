"""Control of the camera for a running job, which is a holder like a person or a script."""

from datetime import datetime

from camera.engine.requests import Permit
from camera.live.admission import name_of
from images.control.control import the_control
from images.control.hand_over import hold_for_job
from images.control.lease import Holder, Kind
from images.models import Job

# With these pauses, a person must do something with the camera first. So the job must not hold control.
WAITS_FOR_PEOPLE = (Job.PauseCause.USER, Job.PauseCause.CAMERA_CHANGED, Job.PauseCause.PLANE)


class JobControl:
    """The control that one job has. Only for the thread that runs the job. Makes no queries about the job."""

    def __init__(self, job: Job) -> None:
        user = job.user
        self._name = job.name
        self._who = Holder(
            user_id=user.pk if user else None,
            username=user.get_username() if user else "",
            name=name_of(user) if user else "",
            kind=Kind.JOB,
            label=f"job {job.pk}",
            job_id=job.pk,
        )

    def hold(self, until: datetime | None) -> Permit:
        """Take control, or keep it. Returns the permit for the next pictures. Raises ControlHeld."""
        return hold_for_job(the_control(), self._who, self._name, until)

    def settle(self, job: Job, newest: int) -> None:
        """Release the camera if the job has ended, or waits for people. `newest`: the number of its newest picture, for
        the notice to the user who took control from it."""
        the_control().notices.note_picture(job.pk, newest)
        if job.has_ended or (job.state == Job.State.PAUSED and job.pause_cause in WAITS_FOR_PEOPLE):
            the_control().release(self._who)
