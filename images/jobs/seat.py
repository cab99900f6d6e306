"""The seat of a job: camera, objective and geometry with which it takes its pictures. It must stay the same from the
first picture to the last."""

from dataclasses import asdict, dataclass
from typing import Any

from camera.drivers.settings import Geometry, Settings
from camera.errors import CameraUnavailable
from camera.frame import Binning, Roi
from camera.registry import the_camera
from images.jobs.plan import Slot
from images.library import the_library

NAMES = {
    "camera": "camera",
    "objective": "objective",
    "roi": "region",
    "binning": "binning",
    "pixelFormat": "pixel format",
    "flipHorizontal": "horizontal flip",
    "flipVertical": "vertical flip",
    "rotationDeg": "rotation",
    "gamma": "gamma",
    "whiteBalance": "white balance",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """`fields`: as JSON, by the keys of `NAMES`. `light`: exposure and gain for channels that name none."""

    fields: dict[str, Any]
    light: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return {**self.fields, **self.light}

    def light_of(self, slot: Slot) -> tuple[float, float]:
        """Return exposure in milliseconds and gain in decibels of a slot: its own, or else those of the seat."""
        gain_db = self.light["gainDb"] if slot.gain_db is None else slot.gain_db
        # An exposure of 0 is no exposure, but a gain of 0 dB is a gain.
        return slot.exposure_ms or self.light["exposureMs"], gain_db

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Seat":
        return cls({key: said.get(key) for key in NAMES}, {key: said[key] for key in ("exposureMs", "gainDb")})

    def find_differences(self, other: "Seat") -> list[str]:
        """Return the differences in sentences: what it was when the job began, and what it is in `other`."""
        return [
            f"The {name} was {_show(self.fields[key])} when the job began, and is {_show(other.fields[key])} now."
            for key, name in NAMES.items()
            if self.fields[key] != other.fields[key]
        ]

    @property
    def geometry(self) -> Geometry:
        """Return the request that sets the geometry of this seat. Values that it does not have stay as they are."""
        fields = self.fields
        white_balance = fields["whiteBalance"]
        return Geometry(
            roi=Roi(**fields["roi"]),
            binning=Binning(**fields["binning"]),
            pixel_format=fields["pixelFormat"],
            flip_horizontal=fields["flipHorizontal"],
            flip_vertical=fields["flipVertical"],
            rotation_deg=fields["rotationDeg"],
            gamma=fields["gamma"],
            white_balance=tuple(white_balance) if white_balance else None,
        )


def read_seat() -> Seat:
    """Return the seat of the camera at this moment. Blocks until the camera is open. Raises a CameraUnavailable."""
    camera = the_camera()
    # Opens the camera, and raises if it is not there.
    camera.limits()
    status = camera.status()
    identity, settings = status.identity, status.settings
    # The camera may be lost between the two calls.
    if status.cause is not None or identity is None or settings is None:
        raise CameraUnavailable(str(status.cause or "The camera is not open yet."))
    # Not `current`: that may ask the database, which may be away in the middle of a job.
    objective = the_library().optics.last_known().objective
    fields = {
        "camera": f"{identity.model} {identity.serial_number}".strip(),
        "objective": {"id": objective["id"], "name": objective["name"]} if objective else None,
        **_describe_geometry(settings),
    }
    return Seat(fields, {"exposureMs": settings.exposure_ms, "gainDb": settings.gain_db})


def _describe_geometry(settings: Settings) -> dict[str, Any]:
    return {
        "roi": asdict(settings.roi),
        "binning": asdict(settings.binning),
        "pixelFormat": settings.pixel_format,
        "flipHorizontal": settings.flip_horizontal,
        "flipVertical": settings.flip_vertical,
        "rotationDeg": settings.rotation_deg,
        "gamma": settings.gamma,
        "whiteBalance": list(settings.white_balance) if settings.white_balance else None,
    }


def _show(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict) and "width" in value:
        return f"{value['width']} x {value['height']} at {value['left']}, {value['top']}"
    if isinstance(value, dict) and "mode" in value:
        return f"{value['x']} x {value['y']}"
    return str(value["name"]) if isinstance(value, dict) else str(value)
