"""Control: who controls the camera, since when, until when, and what for."""

from datetime import datetime

from django.utils import timezone

from images.control.control import the_control
from images.control.lease import Kind, Lease
from images.control.rows import look_at_lease
from images.control.words import describe_lease, show_time
from microscope.status.line import FINE, Line, not_measured
from microscope.status.running import Running

NAME = "Control"
HOLDERS = {Kind.PERSON: "A person", Kind.SCRIPT: "A script", Kind.JOB: "A job"}


def read_control(running: Running) -> list[Line]:
    """Describe who controls the camera. Raises Django's DatabaseError and InterfaceError, if another process serves."""
    if not running.is_there:
        return [not_measured(NAME, "The program does not run, so nobody controls the camera")]
    return [describe_control(find_lease(running, timezone.now()))]


def find_lease(running: Running, now: datetime) -> Lease | None:
    """Return the lease that this process knows, or that the server last wrote down."""
    return the_control().current() if running.is_here else look_at_lease(now)


def describe_control(lease: Lease | None) -> Line:
    if lease is None:
        return Line(NAME, FINE, "Free", "Nobody controls the camera")
    shown = f"{HOLDERS[lease.holder.kind]} controls the camera {_describe_end(lease)}"
    return Line(NAME, FINE, "Held", shown, lease.since, names=describe_lease(lease))


def _describe_end(lease: Lease) -> str:
    if lease.until:
        return f"until {show_time(lease.until)}"
    return "to the end of its plan" if lease.holder.kind is Kind.JOB else "until nothing was changed for 90 s"
