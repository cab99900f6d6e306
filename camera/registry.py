"""The cameras of this process by name. Filled when the apps load; does not open a camera."""

from dataclasses import dataclass

from camera.live.admission import AdmissionChecker
from camera.live.view import LiveView
from camera.service import Camera


@dataclass(slots=True)
class Instrument:
    """A camera, its live view, and the checker that ends the streams of users who lost the permission."""

    camera: Camera
    live: LiveView
    admission_checker: AdmissionChecker


_instruments: dict[str, Instrument] = {}


def register(instrument: Instrument, name: str = "main") -> None:
    """Register an instrument under this name. A previous one is replaced, but not closed."""
    _instruments[name] = instrument


def the_instrument(name: str = "main") -> Instrument:
    """Raises KeyError for a name that was never registered."""
    return _instruments[name]


def the_camera() -> Camera:
    return the_instrument().camera


def the_live_view() -> LiveView:
    return the_instrument().live


def the_admission_checker() -> AdmissionChecker:
    return the_instrument().admission_checker
