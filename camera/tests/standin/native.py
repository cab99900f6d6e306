"""The library as ctypes sees it: real C function pointers, so that ctypes itself converts what the wrapper passes.

ctypes cuts integers to 32 bits, passes a str as a pointer, and raises ctypes.ArgumentError for a float. `argtypes` and
`restype` can be set, and the GIL is released during a call. All this is as with the vendor's library.
"""

import ctypes
from collections.abc import Callable
from ctypes import c_int, c_uint, c_void_p
from typing import Any, NamedTuple

from . import functions
from .codes import RefusedError, ReturnCode, StreamState
from .library import LINUX_NAME, Library


class Entry(NamedTuple):
    """`takes` is the first argument of `function`: the library (for functions without a handle), or the handle's
    session."""

    takes: str
    function: Callable[..., ReturnCode]
    argument_types: tuple[type, ...]


ENTRIES: dict[str, Entry] = {
    "PxLGetNumberCamerasEx": Entry("library", functions.get_number_of_cameras, (c_void_p, c_void_p)),
    "PxLInitializeEx": Entry("library", functions.initialize, (c_uint, c_void_p, c_uint)),
    "PxLFormatImage": Entry("library", functions.format_picture, (c_void_p, c_void_p, c_uint, c_void_p, c_void_p)),
    "PxLUninitialize": Entry("both", functions.uninitialize, ()),
    "PxLGetCameraInfoEx": Entry("session", functions.get_camera_info, (c_void_p, c_uint)),
    "PxLGetCameraFeatures": Entry("session", functions.get_camera_features, (c_uint, c_void_p, c_void_p)),
    "PxLGetFeature": Entry("session", functions.get_feature, (c_uint, c_void_p, c_void_p, c_void_p)),
    "PxLSetFeature": Entry("session", functions.set_feature, (c_uint, c_uint, c_uint, c_void_p)),
    "PxLSetStreamState": Entry("session", functions.set_stream_state, (c_uint,)),
    "PxLGetStreamState": Entry("session", functions.get_stream_state, (c_void_p, c_void_p)),
    "PxLGetNextFrame": Entry("session", functions.get_next_frame, (c_uint, c_void_p, c_void_p)),
    "PxLGetErrorReport": Entry("session", functions.get_error_report, (c_void_p,)),
    "PxLSetEventCallback": Entry("session", functions.set_event_callback, (c_uint, c_void_p, c_void_p)),
    "PxLSetCallback": Entry("session", functions.set_callback, (c_uint, c_void_p, c_void_p)),
    "PxLLoadSettings": Entry("session", functions.load_settings, (c_uint,)),
    "PxLSaveSettings": Entry("session", functions.save_settings, (c_uint,)),
    "PxLSetFrameBufferPolicy": Entry("session", functions.set_frame_buffer_policy, (c_uint, c_uint, c_uint)),
    "PxLGetCurrentTimestamp": Entry("session", functions.get_current_timestamp, (c_void_p,)),
}


class NativeLibrary:
    """The object that `CDLL` returns. It makes each function once and keeps it with its `argtypes`, as `CDLL` does."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._thunks = {name: self._thunk(name, entry) for name, entry in ENTRIES.items()}
        self._functions = {name: _as_untyped(thunk) for name, thunk in self._thunks.items()}

    def __getattr__(self, name: str) -> Any:
        if name not in self._functions or name in self._library.missing_functions:
            raise AttributeError(f"{LINUX_NAME}: undefined symbol: {name}")
        return self._functions[name]

    def _thunk(self, name: str, entry: Entry) -> Any:
        handle_type = () if entry.takes == "library" else (c_uint,)
        prototype = ctypes.CFUNCTYPE(c_int, *handle_type, *entry.argument_types)
        return prototype(lambda *arguments: _answer(self._library, name, entry, arguments))


def _as_untyped(thunk: Any) -> Any:
    """Return a pointer to the same code without argument types, like a symbol that was looked up in a shared
    library."""
    return ctypes.CFUNCTYPE(c_int)(ctypes.cast(thunk, c_void_p).value or 0)


def _answer(library: Library, name: str, entry: Entry, arguments: tuple[Any, ...]) -> int:
    """Return the code of a call. An exception must not get lost in C, where it would look like a success."""
    try:
        perform = _perform_without_handle if entry.takes == "library" else _perform_on_handle
        return int(perform(library, name, entry, *arguments))
    except RefusedError as refusal:
        return int(refusal.code)
    except BaseException as error:  # noqa: BLE001 - any error counts, and the test reads it as a violation
        library.violations.append(f"{name} broke the stand-in: {error!r}")
        return int(ReturnCode.ApiUnknownError)


def _perform_without_handle(library: Library, name: str, entry: Entry, *arguments: Any) -> int:
    library.calls.append(name)
    library.gates.pass_through(name)
    return _with_injected(library.faults.next_answer(name), lambda: entry.function(library, *arguments))


def _perform_on_handle(library: Library, name: str, entry: Entry, handle: int, *arguments: Any) -> int:
    library.calls.append(name)
    session = library.session_of(handle)
    session.camera.calls.append(name)
    try:
        if name == "PxLSetStreamState" and arguments == (StreamState.STOP,):
            return _perform_on_session(library, name, entry, session, *arguments)
        with session.calling(name):
            return _perform_on_session(library, name, entry, session, *arguments)
    except RefusedError as refusal:
        if name != "PxLGetErrorReport":
            session.remember_error(name, refusal)
        raise


def _perform_on_session(library: Library, name: str, entry: Entry, session: Any, *arguments: Any) -> int:
    session.camera.gates.pass_through(name)
    if session.dead_code is not None:
        if name == "PxLUninitialize":
            library.shut(session)
        session.raise_if_dead()
    subject = (library, session) if entry.takes == "both" else (session,)
    forced = session.camera.faults.next_answer(name)
    return _with_injected(forced, lambda: entry.function(*subject, *arguments))


def _with_injected(forced: ReturnCode | None, perform: Callable[[], int]) -> int:
    if forced is not None and forced < 0:
        raise RefusedError(forced, "injected by a test")
    return perform() or forced or ReturnCode.ApiSuccess
