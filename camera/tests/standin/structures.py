"""The memory layouts that library and caller share, with natural alignment, as in PixeLINKTypes.h and pixelinkWrapper
1.5.0.

They are written here a second time, so that the library can pass a descriptor of its own to a callback. A test compares
every offset with the wrapper's classes.
"""

import ctypes
from ctypes import c_char, c_double, c_float, c_int, c_ubyte, c_uint, c_ulonglong

_GPIO_COUNT = 16
_KNEE_COUNT = 4


def _floats(name: str, *fields: str) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": [(field, c_float) for field in fields]})


_Value = _floats("Value", "fValue")
_Rectangle = _floats("Rectangle", "fLeft", "fTop", "fWidth", "fHeight")
_Sides = _floats("Sides", "fHorizontal", "fVertical")
_Trigger = _floats("Trigger", "fMode", "fType", "fPolarity", "fDelay", "fParameter")
_WhiteShading = _floats("WhiteShading", "fRedGain", "fGreenGain", "fBlueGain")
_SharpnessArea = _floats("SharpnessArea", "fLeft", "fTop", "fWidth", "fHeight", "fMaxValue")
_Compression = _floats("Compression", "fCompressionStrategy", "fCompressedSize")


class _Gpio(ctypes.Structure):
    _fields_ = [
        (name, c_float * _GPIO_COUNT) for name in ("fMode", "fPolarity", "fParameter1", "fParameter2", "fParameter3")
    ]


class _ExtendedShutter(ctypes.Structure):
    _fields_ = [("fKneePoint", c_float * _KNEE_COUNT)]


class _ImageProcessing(ctypes.Structure):
    _fields_ = [("uMask", c_uint)]


class _HighDynamicRange(ctypes.Structure):
    _fields_ = [("uMode", c_uint), ("fDarkGain", c_float), ("fBrightGain", c_float)]


class _Polar(ctypes.Structure):
    _fields_ = [
        ("uCFA", c_uint),
        ("f0Weight", c_float),
        ("f45Weight", c_float),
        ("f90Weight", c_float),
        ("f135Weight", c_float),
        ("uHSVInterpretation", c_uint),
    ]


def _values(*names: str) -> list[tuple[str, type]]:
    return [(name, _Value) for name in names]


class FrameDescriptor(ctypes.Structure):
    """FRAME_DESC. Shutter in seconds, Gain in dB, dFrameTime in seconds since power-on, Roi in sensor pixels."""

    _fields_ = [
        ("uSize", c_uint),
        ("fFrameTime", c_float),
        ("uFrameNumber", c_uint),
        *_values("Brightness", "AutoExposure", "Sharpness", "WhiteBalance", "Hue", "Saturation", "Gamma"),
        *_values("Shutter", "Gain", "Iris", "Focus", "Temperature"),
        ("Trigger", _Trigger),
        *_values("Zoom", "Pan", "Tilt", "OpticalFilter"),
        ("GPIO", _Gpio),
        ("FrameRate", _Value),
        ("Roi", _Rectangle),
        ("Flip", _Sides),
        ("Decimation", _Value),
        ("PixelFormat", _Value),
        ("ExtendedShutter", _ExtendedShutter),
        ("AutoROI", _Rectangle),
        ("DecimationMode", _Value),
        ("WhiteShading", _WhiteShading),
        *_values("Rotate", "ImagerClkDivisor", "TriggerWithControlledLight", "MaxPixelSize", "TriggerNumber"),
        ("ImageProcessing", _ImageProcessing),
        ("PixelAddressingValue", _Sides),
        ("dFrameTime", c_double),
        ("u64FrameNumber", c_ulonglong),
        *_values("BandwidthLimit", "ActualFrameRate"),
        ("SharpnessScoreParams", _SharpnessArea),
        ("SharpnessScore", _Value),
        ("HDRInfo", _HighDynamicRange),
        ("PolarInfo", _Polar),
        ("CompressionInfo", _Compression),
    ]


class FeatureLimits(ctypes.Structure):
    _fields_ = [("fMinValue", c_float), ("fMaxValue", c_float)]


class CameraFeature(ctypes.Structure):
    _fields_ = [
        ("uFeatureId", c_uint),
        ("uFlags", c_uint),
        ("uNumberOfParameters", c_uint),
        ("Params", ctypes.POINTER(FeatureLimits)),
    ]


class CameraFeatures(ctypes.Structure):
    _fields_ = [
        ("uSize", c_uint),
        ("uNumberOfFeatures", c_uint),
        ("Features", ctypes.POINTER(CameraFeature)),
    ]


class CameraIdentity(ctypes.Structure):
    """CAMERA_ID_INFO. The network addresses of GigE cameras stay zero, because this stand-in is a USB camera."""

    _fields_ = [
        ("StructSize", c_uint),
        ("CameraSerialNum", c_uint),
        ("CameraMac", c_ubyte * 6),
        ("CameraIpAddress", c_uint),
        ("CameraIpMask", c_uint),
        ("CameraIpGateway", c_uint),
        ("NicIpAddress", c_uint),
        ("NicIpMask", c_uint),
        ("NicAccessMode", c_uint),
        ("CameraIpAssignmentType", c_ubyte),
        ("XmlVersionMajor", c_ubyte),
        ("XmlVersionMinor", c_ubyte),
        ("XmlVersionSubminor", c_ubyte),
        ("IpEngineLoadVersionMajor", c_ubyte),
        ("IpEngineLoadVersionMinor", c_ubyte),
        ("IpEngineLoadVersionSubminor", c_ubyte),
        ("CameraProperties", c_ubyte),
        ("ControllingIpAddress", c_uint),
        ("CameraLinkSpeed", c_uint),
    ]


class CameraInformation(ctypes.Structure):
    _fields_ = [
        ("VendorName", c_char * 33),
        ("ModelName", c_char * 33),
        ("Description", c_char * 256),
        ("SerialNumber", c_char * 33),
        ("FirmwareVersion", c_char * 12),
        ("FPGAVersion", c_char * 12),
        ("CameraName", c_char * 256),
        ("XMLVersion", c_char * 12),
        ("BootloadVersion", c_char * 12),
        ("LensDescription", c_char * 64),
    ]


class ErrorReport(ctypes.Structure):
    """ERROR_REPORT as the wrapper lays it out: names of 64 bytes (32 in older headers)."""

    _fields_ = [
        ("uReturnCode", c_int),
        ("strFunctionName", c_char * 64),
        ("strReturnCode", c_char * 64),
        ("strReport", c_char * 256),
    ]


def copy_to(address: int, structure: ctypes.Structure, size_bytes: int) -> None:
    """Give the caller as many bytes as its version of the structure holds."""
    ctypes.memmove(address, ctypes.addressof(structure), min(size_bytes, ctypes.sizeof(structure)))
