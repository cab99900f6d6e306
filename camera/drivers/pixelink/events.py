"""Notices of Pixelink's library that a camera was disconnected.

The library calls back on its own thread and keeps only a pointer to the function. It may call while the callback is
being cancelled, and a freed function would then crash the process. So one function lives as long as the process, and a
number (the SDK's "context") identifies the camera.
"""

import itertools
import threading
from typing import Any

from camera.drivers.pixelink.sdk import Sdk

_numbers = itertools.count(1)
_listeners: dict[int, threading.Event] = {}
_functions: dict[Any, Any] = {}  # by the wrapper's type for them


class DisconnectionNotice:
    """The thread of the library sets `is_given` when the camera is disconnected."""

    def __init__(self, sdk: Sdk, handle: int) -> None:
        """Register the callback, if the library supports it."""
        self.is_given = threading.Event()
        self._sdk, self._handle = sdk, handle
        self._number = next(_numbers)
        _listeners[self._number] = self.is_given
        prototype = getattr(sdk.api, "_eventProcessFunction", None)
        if prototype is not None:
            function = _functions.setdefault(prototype, prototype(_note))
            sdk.ask("setEventCallback", handle, sdk.api.EventId.CAMERA_DISCONNECTED, self._number, function)

    def cancel(self) -> None:
        self._sdk.ask("setEventCallback", self._handle, self._sdk.api.EventId.CAMERA_DISCONNECTED, None, None)
        _listeners.pop(self._number, None)


def _note(_handle: int, _event: int, _time_s: float, _size: int, _data: Any, number: int | None) -> int:
    listener = _listeners.get(number or 0)
    if listener is not None:
        listener.set()
    return 0
