"""The USB devices of this PC, as Linux tells them in files. Opens no device."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

DEVICES, NODES = Path("/sys/bus/usb/devices"), Path("/dev/bus/usb")
USB_3_MBPS = 5000


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device that is plugged in. `may_open`: whether the system lets this account use it."""

    product: str
    speed_mbps: float
    may_open: bool

    @property
    def is_slow(self) -> bool:
        return self.speed_mbps < USB_3_MBPS


def find_usb_devices(maker: str, devices: Path = DEVICES, nodes: Path = NODES) -> tuple[UsbDevice, ...] | None:
    """Return the devices whose maker or product has this word, in lower case, in its name. None if this system does
    not tell. Any thread; quick."""
    if not devices.is_dir():
        return None
    found = []
    for folder in sorted(devices.iterdir()):
        # A device may be unplugged at any moment. Folders of hubs' ports and of interfaces have no such files.
        with contextlib.suppress(OSError, ValueError):
            name = f"{_read(folder, 'manufacturer')} {_read(folder, 'product')}"
            if maker in name.lower():
                found.append(_read_device(folder, nodes))
    return tuple(found)


def _read_device(folder: Path, nodes: Path) -> UsbDevice:
    node = nodes / f"{int(_read(folder, 'busnum')):03d}" / f"{int(_read(folder, 'devnum')):03d}"
    return UsbDevice(_read(folder, "product"), float(_read(folder, "speed")), os.access(node, os.R_OK | os.W_OK))


def _read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8", errors="replace").strip()
