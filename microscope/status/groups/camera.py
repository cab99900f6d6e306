"""Camera: the maker's library, the camera, its USB port, and whether the system lets the program use it."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from camera.drivers.installation import Installation
from camera.drivers.selection import MAKES
from camera.drivers.usb import USB_3_MBPS, UsbDevice
from camera.registry import the_camera
from camera.results.status import CameraStatus
from microscope.status.line import BAD, FINE, UNKNOWN, WARN, Line, not_measured
from microscope.status.running import Running

SLOW_PORT = "slow_usb_port"
USE_USB_3 = "Plug the camera into a USB 3 port of the PC, with a USB 3 cable."
LOST = ("fault", "reopening")


@dataclass(frozen=True, slots=True)
class Seen:
    """The camera, as seen from inside the program, or by /health, which tells less. `warnings`: sentences by code."""

    state: str
    is_simulated: bool
    simulation_reason: str = ""
    since: datetime | None = None
    cause: str = ""
    details: str = ""
    warnings: dict[str, str] = field(default_factory=dict)


def read_camera(running: Running) -> list[Line]:
    installation = find_installation()
    seen = look_here(the_camera().status()) if running.is_here else look_by_health(running.health)
    return [
        describe_library(seen, installation),
        describe_camera(seen),
        describe_usb(seen, installation.devices),
        describe_access(seen, installation.devices),
    ]


def find_installation() -> Installation:
    make = MAKES.get(settings.CAMERA_DRIVER, MAKES["pixelink"])
    return make("").find_installation()


def look_here(status: CameraStatus) -> Seen:
    identity = status.identity
    shown = [
        identity and f"{identity.model} {identity.serial_number}".strip(),
        status.frame_rate_hz and f"{status.frame_rate_hz:.1f} fps",
        status.sensor_temperature_c and f"{status.sensor_temperature_c:.1f} °C",
        f"{status.watchers} watch" if status.watchers else "",
    ]
    return Seen(
        status.state,
        status.is_simulated,
        status.simulation_reason or "",
        status.since,
        str(status.cause or ""),
        ", ".join(filter(None, shown)),
        {warning.code: warning.message for warning in status.warnings},
    )


def look_by_health(health: dict[str, Any]) -> Seen | None:
    if not health:
        return None
    camera = health["camera"]
    code = health["checks"].get("camera", "ok")
    return Seen(
        str(camera.get("state")),
        bool(camera.get("simulated")),
        camera.get("simulationReason") or "",
        cause="" if code == "ok" else f"The running program says {code}.",
        details="As the running program says",
        warnings={warning["code"]: warning["message"] for warning in camera.get("warnings", [])},
    )


def describe_library(seen: Seen | None, found: Installation) -> Line:
    name = "Camera library"
    if settings.CAMERA_DRIVER == "simulated":
        return Line(name, FINE, "Not needed", "CAMERA_DRIVER is simulated")
    # If the camera is open, its library works, wherever its file is.
    if found.version is None and not _is_real_and_open(seen):
        todo = f"Install the {found.library} SDK for this system, then start the program again."
        return Line(name, BAD if settings.CAMERA_DRIVER != "auto" else WARN, "Missing", found.library, todo=todo)
    return Line(name, FINE, "Installed", f"{found.library} {found.version or 'of unknown version'}")


def describe_camera(seen: Seen | None) -> Line:
    name = "Camera"
    if seen is None:
        return not_measured(name, "The program does not run, so nobody has opened the camera.")
    word = seen.state.capitalize()
    if seen.state in LOST:
        todo = "Check its cable at both ends and its power. It comes back by itself."
        return Line(name, BAD, word, seen.cause or seen.details, seen.since, todo)
    if seen.is_simulated:
        is_wanted = settings.CAMERA_DRIVER == "simulated"
        todo = "" if is_wanted else "Connect a camera, then start the program again."
        return Line(name, FINE if is_wanted else WARN, "Simulated", seen.simulation_reason, seen.since, todo)
    warnings = [message for code, message in seen.warnings.items() if code != SLOW_PORT]
    if warnings:
        return Line(name, WARN, word, seen.details, seen.since, " ".join(warnings))
    if seen.state in ("closed", "opening"):
        return Line(name, UNKNOWN, word, seen.details or "No frame has come yet", seen.since)
    return Line(name, FINE, word, seen.details, seen.since)


def describe_usb(seen: Seen | None, devices: tuple[UsbDevice, ...] | None) -> Line:
    """Describe the USB port. Linux tells the speed of a device. Elsewhere the library warns about a slow port when it
    opens the camera."""
    name = "USB"
    if (seen and SLOW_PORT in seen.warnings) or any(device.is_slow for device in devices or ()):
        return Line(name, WARN, "Slow", _list_speeds(devices) or "USB 2", todo=USE_USB_3)
    if devices:
        return Line(name, FINE, "Fast", _list_speeds(devices))
    if _is_real_and_open(seen):
        return Line(name, FINE, "Fast", "The library gives no warning")
    if seen and seen.is_simulated:
        return not_measured(name, "The camera is simulated")
    return not_measured(name, "No camera is plugged in" if devices == () else "No camera is open")


def describe_access(seen: Seen | None, devices: tuple[UsbDevice, ...] | None) -> Line:
    """Describe if this account may use the camera. On Linux udev rules decide it. On Windows the library finds no
    camera without its driver."""
    name = "USB driver" if os.name == "nt" else "USB rights"
    if not devices and _is_real_and_open(seen):
        return Line(name, FINE, "Given", "The camera is open")
    if not devices:
        return not_measured(name, "This system does not tell" if devices is None else "No camera is plugged in")
    locked = [device.product for device in devices if not device.may_open]
    if locked:
        todo = "Install the udev rules of the SDK, then unplug the camera and plug it in again."
        return Line(name, BAD, "Locked", f"This account may not use {', '.join(locked)}", todo=todo)
    return Line(name, FINE, "Given", "This account may use the camera")


def _is_real_and_open(seen: Seen | None) -> bool:
    return seen is not None and not seen.is_simulated and seen.state in ("ready", "streaming")


def _list_speeds(devices: tuple[UsbDevice, ...] | None) -> str:
    return ", ".join(f"{device.product} at {_name_speed(device)}" for device in devices or ())


def _name_speed(device: UsbDevice) -> str:
    speed = f"{device.speed_mbps:g} Mbit/s"
    return f"{speed} (USB {'3' if device.speed_mbps >= USB_3_MBPS else '2'})"
