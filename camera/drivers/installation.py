"""What the files of this PC say about a make of cameras."""

from dataclasses import dataclass

from camera.drivers.usb import UsbDevice


@dataclass(frozen=True, slots=True)
class Installation:
    """`library`: the maker's library, in words; empty if the make needs none. `version`: None if it is not installed,
    empty if it cannot be read. `devices`: the cameras that are plugged in; None if the system does not tell."""

    library: str = ""
    version: str | None = None
    devices: tuple[UsbDevice, ...] | None = None
