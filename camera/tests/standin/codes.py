"""The numbers of the Pixelink SDK that the stand-in speaks: return codes, features, flags, pixel and image formats.

They are facts of the public headers PixeLINKCodes.h and PixeLINKTypes.h, under the SDK's own names. They stand here a
second time because the wrapper, which also has them, loads the native library when it is imported.
"""

from enum import IntEnum, IntFlag

_FAILED = -(1 << 31)  # 0x80000000 as a signed 32 bit int: every failure of the API
_LINK_FAILED = _FAILED + 0x10000000  # 0x90000000: failures of link, camera and operating system


class ReturnCode(IntEnum):
    ApiSuccess = 0
    ApiSuccessParametersChanged = 1
    ApiSuccessAlreadyRunning = 2
    ApiSuccessLowMemory = 3
    ApiSuccessReducedSpeedWarning = 5
    ApiSuccessWithFrameLoss = 9
    ApiUnknownError = _FAILED + 0x01
    ApiInvalidHandleError = _FAILED + 0x02
    ApiInvalidParameterError = _FAILED + 0x03
    ApiBufferTooSmall = _FAILED + 0x04
    ApiInvalidFunctionCallError = _FAILED + 0x05
    ApiNotSupportedError = _FAILED + 0x06
    ApiCameraInUseError = _FAILED + 0x07
    ApiNoCameraError = _FAILED + 0x08
    ApiHardwareError = _FAILED + 0x09
    ApiOutOfBandwidthError = _FAILED + 0x0B
    ApiOutOfMemoryError = _FAILED + 0x0C
    ApiInvalidSerialNumberError = _FAILED + 0x0F
    ApiIOError = _FAILED + 0x11
    ApiStreamStopped = _FAILED + 0x12
    ApiNullPointerError = _FAILED + 0x13
    ApiOutOfRangeError = _FAILED + 0x16
    ApiNoCameraAvailableError = _FAILED + 0x17
    ApiGetNextFrameBusy = _FAILED + 0x19
    ApiNotEnoughResourcesError = _LINK_FAILED + 0x03
    ApiNoStreamError = _LINK_FAILED + 0x05
    ApiNoDeviceError = _LINK_FAILED + 0x07
    ApiCameraTimeoutError = _LINK_FAILED + 0x0C
    ApiInvalidFrameReceivedError = _LINK_FAILED + 0x0D
    ApiCameraRejectedValueError = _LINK_FAILED + 0x16
    ApiCameraNotReady = _LINK_FAILED + 0x19
    ApiNotPermittedWhileStreaming = _LINK_FAILED + 0x1B
    ApiOSAccessDeniedError = _LINK_FAILED + 0x1C
    ApiUnsupportedPixelFormatError = _LINK_FAILED + 0x20


class FeatureId(IntEnum):
    SENSOR_TEMPERATURE = 11
    GAMMA = 6
    EXPOSURE = 7
    GAIN = 8
    TRIGGER = 12
    FRAME_RATE = 18
    ROI = 19
    FLIP = 20
    PIXEL_ADDRESSING = 21
    PIXEL_FORMAT = 22
    WHITE_SHADING = 27
    ROTATE = 28
    MAX_PIXEL_SIZE = 31
    BODY_TEMPERATURE = 32
    ACTUAL_FRAME_RATE = 35


FEATURES_TOTAL = 46  # ids 0 to 45 exist; a camera says of each whether it has it
FEATURE_ALL = 0xFFFFFFFF


class FeatureFlag(IntFlag):
    PRESENCE = 1
    MANUAL = 2
    AUTO = 4
    ONEPUSH = 8
    OFF = 16
    READ_ONLY = 64
    SETTABLE_WHILE_STREAMING = 128
    PERSISTABLE = 256
    EMULATION = 512  # done by the library on the host, not by the camera
    VOLATILE = 1024  # value or limits change with other features


MODE_FLAGS = FeatureFlag.MANUAL | FeatureFlag.AUTO | FeatureFlag.ONEPUSH | FeatureFlag.OFF


class PixelFormat(IntEnum):
    MONO8 = 0
    MONO16 = 1
    YUV422 = 2
    BAYER8_GRBG = 3
    BAYER16_GRBG = 4
    RGB24_DIB = 5
    RGB48 = 6
    BAYER8_RGGB = 7
    BAYER8_GBRG = 8
    BAYER8_BGGR = 9
    BAYER16_RGGB = 10
    BAYER16_GBRG = 11
    BAYER16_BGGR = 12
    MONO12_PACKED = 13
    BAYER12_GRBG_PACKED = 14
    BAYER12_RGGB_PACKED = 15
    BAYER12_GBRG_PACKED = 16
    BAYER12_BGGR_PACKED = 17
    RGB24_NON_DIB = 18
    MONO12_PACKED_MSFIRST = 20
    BAYER12_GRBG_PACKED_MSFIRST = 21
    BAYER12_RGGB_PACKED_MSFIRST = 22
    BAYER12_GBRG_PACKED_MSFIRST = 23
    BAYER12_BGGR_PACKED_MSFIRST = 24
    MONO10_PACKED_MSFIRST = 25
    BAYER10_GRBG_PACKED_MSFIRST = 26
    BAYER10_RGGB_PACKED_MSFIRST = 27
    BAYER10_GBRG_PACKED_MSFIRST = 28
    BAYER10_BGGR_PACKED_MSFIRST = 29
    STOKES4_12 = 30
    POLAR4_12 = 31
    POLAR_RAW4_12 = 32
    HSV4_12 = 33
    BGR24 = 34


class ImageFormat(IntEnum):
    BMP = 0
    TIFF = 1
    PSD = 2
    JPEG = 3
    PNG = 4
    RAW_MONO8 = 0x1000
    RAW_RGB24_DIB = 0x1005
    RAW_RGB48 = 0x1006
    RAW_RGB24_NON_DIB = 0x1012
    RAW_BGR24 = 0x1022


class Addressing(IntEnum):
    DECIMATE = 0
    AVERAGE = 1
    BIN = 2
    RESAMPLE = 3


class TriggerType(IntEnum):
    FREE_RUNNING = 0
    SOFTWARE = 1
    HARDWARE = 2


class StreamState(IntEnum):
    START = 0
    PAUSE = 1
    STOP = 2


class FrameBufferPolicy(IntEnum):
    NEXT_AVAILABLE = 0
    OLDEST_AVAILABLE = 1


class EventId(IntEnum):
    ANY = 0
    CAMERA_DISCONNECTED = 1


class InitializeFlag(IntFlag):
    MONITOR_ACCESS_ONLY = 1
    ISSUE_STREAM_STOP = 2


CALLBACK_FRAME = 8
SETTINGS_FACTORY = 0
SETTINGS_USER = 1


class RefusedError(Exception):
    """Ends a native call with a failing return code. `reason` goes into the camera's error report."""

    def __init__(self, code: ReturnCode, reason: str = "") -> None:
        super().__init__(f"{code.name}: {reason}")
        self.code = code
        self.reason = reason
