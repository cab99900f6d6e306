"""The C functions themselves: they take raw arguments, return a code, and write results to the caller's memory.

Arguments come as C gives them: integers of 32 bits, and addresses (None for NULL).
"""

import ctypes
import math
from ctypes import c_double, c_float, c_ubyte, c_uint, c_void_p, sizeof

import numpy as np
from numpy.typing import NDArray

from .adjusting import adjust, was_rounded
from .codes import (
    CALLBACK_FRAME,
    FEATURE_ALL,
    FEATURES_TOTAL,
    SETTINGS_FACTORY,
    SETTINGS_USER,
    FeatureFlag,
    FrameBufferPolicy,
    RefusedError,
    ReturnCode,
    StreamState,
)
from .descriptor import frame_bytes
from .features import Feature, as_memory, current_flags, describe, describe_all, values_of
from .image_formats import count_raw_bytes, format_image
from .library import Library
from .pixel_formats import layout_of
from .session import Session
from .structures import (
    CameraFeature,
    CameraFeatures,
    CameraIdentity,
    CameraInformation,
    FeatureLimits,
    FrameDescriptor,
    copy_to,
)

Address = int | None


def get_number_of_cameras(library: Library, identities: Address, count: Address) -> ReturnCode:
    """Lists cameras in use, too (not documented). StructSize of the first element says which version the caller
    uses."""
    cameras = list(library.cameras)
    room = _uint_at(count)
    if identities:
        size_bytes = c_uint.from_address(identities).value or sizeof(CameraIdentity)
        for index, camera in enumerate(cameras[: room.value]):
            identity = CameraIdentity(StructSize=size_bytes, CameraSerialNum=camera.serial)
            copy_to(identities + index * size_bytes, identity, size_bytes)
    room.value = len(cameras) if not identities else min(len(cameras), room.value)
    return ReturnCode.ApiSuccess


def initialize(library: Library, serial: int, handle: Address, flags: int) -> ReturnCode:
    camera = library.find(serial)
    camera.calls.append("PxLInitializeEx")
    camera.gates.pass_through("PxLInitializeEx")
    forced = camera.faults.next_answer("PxLInitializeEx") or ReturnCode.ApiSuccess
    if forced < 0:
        raise RefusedError(forced, "injected")
    c_void_p.from_address(_required(handle)).value = library.open(camera, flags).handle
    return forced


def uninitialize(library: Library, session: Session) -> ReturnCode:
    """Give up the handle, also a dead one; that returns its error."""
    library.shut(session)
    return ReturnCode.ApiSuccess


def get_camera_info(session: Session, information: Address, size_bytes: int) -> ReturnCode:
    camera = session.camera
    fields = CameraInformation(
        b"PixeLINK",
        camera.characteristics.model.encode(),
        b"Stand-in for tests, no camera",
        str(camera.serial).encode(),
        b"1.0.0.0",
        b"1.0.0.0",
        camera.name.encode(),
    )
    copy_to(_required(information), fields, size_bytes)
    return ReturnCode.ApiSuccess


def get_camera_features(session: Session, feature_id: int, buffer: Address, size: Address) -> ReturnCode:
    """With a NULL buffer, return only the size in bytes. The call succeeds for absent features, too."""
    camera = session.camera
    features = (
        describe_all(camera.characteristics, camera.settings)
        if feature_id == FEATURE_ALL
        else [_feature(session, feature_id)]
    )
    size_bytes = _uint_at(size)
    needed_bytes = sizeof(CameraFeatures) + sum(
        sizeof(CameraFeature) + len(feature.limits) * sizeof(FeatureLimits) for feature in features
    )
    if buffer:
        _write(buffer, as_memory(features, buffer), size_bytes.value)
    size_bytes.value = needed_bytes
    return ReturnCode.ApiSuccess


def get_feature(session: Session, feature_id: int, flags: Address, count: Address, values: Address) -> ReturnCode:
    """With NULL for the values, return only how many there are."""
    camera, feature = session.camera, _present(session, feature_id)
    with camera.condition:
        camera.advance(camera.clock.now())
        current = values_of(feature_id, camera.settings, camera.readings)[: len(feature.limits)]
        if flags:
            c_uint.from_address(flags).value = current_flags(feature, camera.settings)
    room = _uint_at(count)
    if values:
        if room.value < len(current):
            raise RefusedError(ReturnCode.ApiBufferTooSmall, f"{len(current)} parameters")
        (c_float * len(current)).from_address(values)[:] = list(current)
    room.value = len(current)
    return ReturnCode.ApiSuccess


def set_feature(session: Session, feature_id: int, flags: int, count: int, values: Address) -> ReturnCode:
    camera, feature = session.camera, _present(session, feature_id)
    wanted = tuple((c_float * count).from_address(_required(values)))
    if any(math.isnan(value) for value in wanted):
        session.note_violation(f"PxLSetFeature({feature_id}) with NaN")
    is_live = feature.flags & FeatureFlag.SETTABLE_WHILE_STREAMING
    with camera.condition:
        if camera.stream.state == StreamState.START and not is_live:
            raise RefusedError(ReturnCode.ApiNotPermittedWhileStreaming, f"stop the stream to set feature {feature_id}")
        accepted = adjust(feature_id, flags, wanted, camera.characteristics, camera.settings)
        camera.change(accepted)
    got = values_of(feature_id, accepted, camera.readings)
    is_manual = bool(flags & FeatureFlag.MANUAL)
    rounded = is_manual and was_rounded(feature_id, wanted, got)
    return ReturnCode.ApiSuccessParametersChanged if rounded else ReturnCode.ApiSuccess


def set_stream_state(session: Session, state: int) -> ReturnCode:
    if state == StreamState.START:
        return session.camera.start(session.raise_if_dead)
    if state in (StreamState.PAUSE, StreamState.STOP):
        return session.camera.halt(StreamState(state))
    raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no stream state {state}")


def get_stream_state(session: Session, state: Address, buffer_count: Address) -> ReturnCode:
    _uint_at(state).value = session.camera.stream.state
    _uint_at(buffer_count).value = session.camera.frame_buffer_count
    return ReturnCode.ApiSuccess


def get_next_frame(session: Session, size_bytes: int, buffer: Address, descriptor: Address) -> ReturnCode:
    """Without a buffer, only fire a software trigger. The descriptor then stays as it is (vendor's sample)."""
    camera = session.camera
    if not buffer:
        if not camera.fire():
            raise RefusedError(ReturnCode.ApiInvalidParameterError, "no buffer, and no software trigger")
        return ReturnCode.ApiSuccess
    if session.frame_callback or session.is_calling_twice("PxLGetNextFrame"):
        raise RefusedError(ReturnCode.ApiGetNextFrameBusy, "a frame callback or another call takes the frames")
    descriptor_bytes = c_uint.from_address(_required(descriptor)).value
    settings = camera.settings
    if size_bytes < layout_of(settings.pixel_format).frame_bytes(settings.rows, settings.columns):
        raise RefusedError(ReturnCode.ApiBufferTooSmall, f"{size_bytes} bytes for a frame")
    grabbed = camera.grab(session.raise_if_dead)
    ctypes.memmove(buffer, grabbed.pixels, min(len(grabbed.pixels), size_bytes))
    grabbed.descriptor.uSize = descriptor_bytes
    copy_to(_required(descriptor), grabbed.descriptor, descriptor_bytes)
    return grabbed.code


def format_picture(
    _: Library, frame: Address, descriptor: Address, image_format: int, target: Address, size: Address
) -> ReturnCode:
    """With a NULL target, return only the size in bytes."""
    size_bytes = _uint_at(size)
    told = FrameDescriptor()
    told_bytes = min(c_uint.from_address(_required(descriptor)).value, sizeof(told))
    ctypes.memmove(ctypes.addressof(told), _required(descriptor), told_bytes)
    raw_bytes = count_raw_bytes(told, image_format)
    if not target and raw_bytes:
        size_bytes.value = raw_bytes
        return ReturnCode.ApiSuccess
    room = _bytes_at(target, raw_bytes) if target and raw_bytes and raw_bytes <= size_bytes.value else None
    made = format_image(_bytes_at(_required(frame), frame_bytes(told)), told, image_format, room)
    picture = np.frombuffer(made, np.uint8)
    if target and picture.ctypes.data != target:
        _write(target, picture.data, size_bytes.value)
    size_bytes.value = picture.size
    return ReturnCode.ApiSuccess


def get_error_report(session: Session, report: Address) -> ReturnCode:
    copy_to(_required(report), session.report, sizeof(session.report))
    return ReturnCode.ApiSuccess


def set_event_callback(session: Session, event_id: int, context: Address, function: Address) -> ReturnCode:
    session.register_event(event_id, context, function)
    return ReturnCode.ApiSuccess


def set_callback(session: Session, callback_type: int, context: Address, function: Address) -> ReturnCode:
    """Only FRAME is supported: the preview callbacks need a display."""
    if callback_type != CALLBACK_FRAME:
        raise RefusedError(ReturnCode.ApiNotSupportedError, f"no callback {callback_type}")
    session.register_frames(context, function)
    return ReturnCode.ApiSuccess


def load_settings(session: Session, channel: int) -> ReturnCode:
    camera = session.camera
    if channel not in (SETTINGS_FACTORY, SETTINGS_USER):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no channel {channel}")
    if camera.stream.state == StreamState.START:
        raise RefusedError(ReturnCode.ApiNotPermittedWhileStreaming, "stop the stream to load settings")
    is_factory = channel == SETTINGS_FACTORY
    camera.change(camera.characteristics.factory_settings() if is_factory else camera.user_settings)
    return ReturnCode.ApiSuccess


def save_settings(session: Session, channel: int) -> ReturnCode:
    """Channel 1 holds from the next power-up on. Channel 0 is the factory's and cannot be written."""
    if channel != SETTINGS_USER:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no channel {channel} to save to")
    session.camera.user_settings = session.camera.settings
    return ReturnCode.ApiSuccess


def set_frame_buffer_policy(session: Session, free_running: int, triggered: int, total_ms: int) -> ReturnCode:
    if free_running not in (0, 1) or triggered not in (0, 1):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, "no such frame buffer policy")
    session.camera.frame_buffer_policy = FrameBufferPolicy(free_running)
    return ReturnCode.ApiSuccess


def get_current_timestamp(session: Session, timestamp: Address) -> ReturnCode:
    """Return the seconds of the clock that dFrameTime uses."""
    c_double.from_address(_required(timestamp)).value = session.camera.timestamp_s
    return ReturnCode.ApiSuccess


def _feature(session: Session, feature_id: int) -> Feature:
    if feature_id >= FEATURES_TOTAL:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no feature {feature_id}")
    return describe(feature_id, session.camera.characteristics, session.camera.settings)


def _present(session: Session, feature_id: int) -> Feature:
    feature = _feature(session, feature_id)
    if not feature.is_present:
        raise RefusedError(ReturnCode.ApiNotSupportedError, f"the camera has no feature {feature_id}")
    return feature


def _required(address: Address) -> int:
    if not address:
        raise RefusedError(ReturnCode.ApiNullPointerError, "a pointer is NULL")
    return address


def _uint_at(address: Address) -> c_uint:
    return c_uint.from_address(_required(address))


def _bytes_at(address: int, size_bytes: int) -> NDArray[np.uint8]:
    """Return the caller's memory itself, not a copy."""
    return np.ctypeslib.as_array((c_ubyte * size_bytes).from_address(address))


def _write(address: int, content: bytes | memoryview, room_bytes: int) -> None:
    if room_bytes < len(content):
        raise RefusedError(ReturnCode.ApiBufferTooSmall, f"{room_bytes} bytes for {len(content)}")
    _bytes_at(address, len(content))[:] = np.frombuffer(content, np.uint8)
