"""Being told by Pixelink's library that a camera is gone.

The library calls back on a thread of its own and keeps but a pointer to the function. It may be calling at the very
moment the call-back is cancelled, and a function that is gone then would crash the process. So there is one function
for the whole process, never forgotten, and a number (the SDK's "context") tells whose camera is meant.
"""

import itertools
import threading
from typing import Any

from camera.drivers.pixelink_sdk import Sdk

_numbers = itertools.count(1)
_listeners: dict[int, threading.Event] = {}
_functions: dict[Any, Any] = {}  # by the wrapper's type for them


class DisconnectionNotice:
    """`is_given` is set by the library's thread once the camera has gone."""

    def __init__(self, sdk: Sdk, handle: int) -> None:
        """Begin to listen, where the library can tell."""
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
