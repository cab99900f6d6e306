"""The warnings in success codes of the Pixelink SDK, kept as long as they apply."""

import time
from typing import NamedTuple

from camera.frame import CameraWarning

# Not worth a warning: rounding shows in the settings read back, and lost frames between captures do not matter.
ORDINARY = {"ApiSuccess", "ApiSuccessParametersChanged", "ApiSuccessAlreadyRunning", "ApiSuccessWithFrameLoss"}
# These apply as long as the camera is open, even if only one call reports them.
LASTING = {
    "ApiSuccessLowMemory",
    "ApiSuccessReducedSpeedWarning",
    "ApiSuccessSuspectedFirewallBlockWarning",
    "ApiSuccessApiLiteWarning",
}
# Called often, so their warnings expire. Warnings of other functions apply until the next call of the function.
FREQUENT = {"getNextNumPyFrame", "getFeature", "formatNumPyImage"}
FREQUENT_HOLDS_S = 10.0

CODES_AND_SENTENCES = {
    "ApiSuccessLowMemory": (
        "low_usb_memory",
        "The PC gives USB too little memory, so frames may get lost. Ask the PC's administrator to raise "
        "usbfs_memory_mb.",
    ),
    "ApiSuccessParameterWarning": (
        "value_doubtful",
        "The camera accepted a value with a warning. Compare the settings shown with those you entered.",
    ),
    "ApiSuccessReducedSpeedWarning": (
        "slow_usb_port",
        "The camera runs at USB 2 speed. Connect it directly to a USB 3 port, with a USB 3 cable.",
    ),
    "ApiSuccessExposureAdjustmentMade": (
        "exposure_adjusted",
        "The camera changed the exposure to fit its other settings. Check the exposure that is shown.",
    ),
    "ApiSuccessWhiteBalanceTooDark": (
        "white_balance_too_dark",
        "The picture was too dark for a good white balance. Increase light or exposure, then try again.",
    ),
    "ApiSuccessWhiteBalanceTooBright": (
        "white_balance_too_bright",
        "The picture was too bright for a good white balance. Reduce light or exposure, then try again.",
    ),
    "ApiSuccessGainIneffectiveWarning": (
        "gain_ineffective",
        "The gain has no effect with the camera's other settings. Use exposure or light instead.",
    ),
    "ApiSuccessSuspectedFirewallBlockWarning": (
        "firewall_suspected",
        "A firewall seems to block the camera. Ask the PC's administrator to let its traffic through.",
    ),
    "ApiSuccessApiLiteWarning": (
        "lite_library",
        "Only the Lite edition of the Pixelink library is installed. Some settings are missing; install the full SDK.",
    ),
    "ApiSuccessSerialPortScanSuppressedWarning": (
        "serial_ports_not_searched",
        "The Pixelink library did not search the serial ports. If a motorised part is missing, plug it in again and "
        "restart this program.",
    ),
    "ApiSuccessSensorsCannotSyncWhileStreaming": (
        "sensors_not_in_step",
        "The camera's sensors could not be synchronised while streaming. Reconnect the camera.",
    ),
    "ApiFeatureDeprecatedWarning": (
        "feature_outdated",
        "The Pixelink library reports a deprecated setting. Keep the installed SDK, or update this program.",
    ),
    "ApiCompressionNotPossibleWarning": (
        "compression_impossible",
        "The camera cannot compress its pictures with these settings, so the frame rate is lower. Choose a smaller "
        "region or fewer bits.",
    ),
}


def warning_for(name: str, function: str) -> CameraWarning | None:
    """Return the warning for a success code; None if it needs none. `name` is such as "code 17" if the wrapper does not
    know the code."""
    if name in ORDINARY:
        return None
    unknown = (
        "library_warning",
        f"The camera's library reports an unknown warning ({name} from {function}). See the vendor's documentation.",
    )
    return CameraWarning(*CODES_AND_SENTENCES.get(name, unknown))


class _Given(NamedTuple):
    warning: CameraWarning
    until_s: float


class Warnings:
    """The warnings since the camera was opened. Safe to use from any thread."""

    def __init__(self) -> None:
        self._given: dict[tuple, _Given] = {}

    def note(self, name: str, function: str, arguments: tuple) -> CameraWarning | None:
        """Note the result of a successful call, and return its warning, if any. A later call for the same setting
        replaces an earlier one."""
        warning = warning_for(name, function)
        # The second argument of setFeature is the feature: a success for one must not end the warning of another.
        key = (name,) if name in LASTING else (function, *arguments[1:2]) if function == "setFeature" else (function,)
        if warning is not None:
            is_passing = function in FREQUENT and name not in LASTING
            until_s = time.perf_counter() + FREQUENT_HOLDS_S if is_passing else float("inf")
            self._given[key] = _Given(warning, until_s)
        elif function not in FREQUENT:
            self._given.pop(key, None)
        return warning

    def current(self) -> tuple[CameraWarning, ...]:
        """Return each warning once, in the order of their arrival."""
        now_s = time.perf_counter()
        # `list` first, because the camera's thread may add a warning meanwhile.
        return tuple(dict.fromkeys(given.warning for given in list(self._given.values()) if given.until_s > now_s))
