"""Tells how long this PC was awake, and keeps it awake. Only Windows must be asked to stay awake: a Linux PC that takes
pictures is set up not to sleep."""

import ctypes
import logging
import os
import time
from typing import Any

logger = logging.getLogger(__name__)

# Flags of SetThreadExecutionState. The screen may go dark.
ES_CONTINUOUS, ES_SYSTEM_REQUIRED = 0x80000000, 0x00000001
TICKS_PER_S = 10**7


def read_awake_s() -> float:
    """Return seconds since a fixed moment, without those in which the PC slept, if the system can tell."""
    if os.name != "nt":
        return time.monotonic()
    ticks = ctypes.c_ulonglong()
    _kernel().QueryUnbiasedInterruptTime(ctypes.byref(ticks))
    return ticks.value / TICKS_PER_S


class KeepAwake:
    """Keeps a Windows PC from falling asleep by itself. The user can still send it to sleep. Does nothing on other
    systems. Windows counts this for the calling thread, so call both methods from the same thread. It ends with that
    thread at the latest."""

    def __init__(self) -> None:
        self.is_held = False

    def hold(self) -> None:
        if not self.is_held:
            self.is_held = True
            self._set(ES_CONTINUOUS | ES_SYSTEM_REQUIRED)

    def release(self) -> None:
        if self.is_held:
            self.is_held = False
            self._set(ES_CONTINUOUS)

    def _set(self, state: int) -> None:
        if os.name == "nt" and not _kernel().SetThreadExecutionState(state):
            logger.warning("Windows could not be asked to stay awake.")


def _kernel() -> Any:
    return ctypes.windll.kernel32  # type: ignore[attr-defined]
