"""Puts the stand-in where the real package `pixelinkWrapper` loads the vendor's library.

`from pixelinkWrapper import PxLApi` then runs the unmodified wrapper: its CDLL call, its search for the version in
PIXELINK_SDK_LIB, its declarations.
"""

import atexit
import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from .library import LINUX_NAME, WINDOWS_NAME, Library
from .native import NativeLibrary

VERSION = "4.3.0.1"
WRAPPER = "pixelinkWrapper"


@contextmanager
def install(library: Library) -> Iterator[Library]:
    """Within the block an import of the wrapper gives one that talks to `library`. At the end no call hangs any
    more."""
    native = NativeLibrary(library)
    with ExitStack() as stack:
        stack.callback(_forget_wrapper)
        stack.callback(library.close)
        stack.enter_context(_loaders(lambda _: native))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelink-")))
        (folder / f"{LINUX_NAME}.{VERSION}").touch()
        stack.enter_context(mock.patch.dict(os.environ, PIXELINK_SDK_LIB=str(folder)))
        if os.name == "nt":
            stack.enter_context(_windows_version_query(folder))
        _forget_wrapper()
        yield library


def install_forever(library: Library) -> Library:
    """For a process that serves with the stand-in until it ends."""
    stack = ExitStack()
    stack.enter_context(install(library))
    atexit.register(stack.close)
    return library


@contextmanager
def no_library() -> Iterator[None]:
    """A computer without the SDK: the import of the wrapper raises OSError."""

    def fail(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file: No such file or directory")

    with _loaders(fail):
        _forget_wrapper()
        try:
            yield
        finally:
            _forget_wrapper()


@contextmanager
def _loaders(load: Any) -> Iterator[None]:
    with ExitStack() as stack:
        for loader, library_name in (("CDLL", LINUX_NAME), ("WinDLL", WINDOWS_NAME)):
            if hasattr(ctypes, loader):
                substitute = _substitute(getattr(ctypes, loader), library_name, load)
                stack.enter_context(mock.patch.object(ctypes, loader, substitute))
        yield


def _substitute(loader: type, library_name: str, load: Any) -> type:
    """Return a class, because other code tests for CDLL and derives from it. Libraries of other names load as usual."""

    class Loader(loader):
        def __new__(cls, name: Any = None, *arguments: Any, **options: Any) -> Any:
            return load(name) if name == library_name else super().__new__(cls)

    Loader.__name__ = Loader.__qualname__ = loader.__name__
    return Loader


@contextmanager
def _windows_version_query(folder: Path) -> Iterator[None]:
    """On Windows the wrapper asks PowerShell for the version of the file that `find_library` names. Not tested
    there."""
    run = subprocess.run

    def answer(command: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(command, list) and command[0] == "powershell":
            return subprocess.CompletedProcess(command, 0, f"Version : {VERSION}\n", "")
        return run(command, *arguments, **options)

    path = str(folder / WINDOWS_NAME)
    with mock.patch("subprocess.run", answer), mock.patch("ctypes.util.find_library", return_value=path):
        yield


def _forget_wrapper() -> None:
    for name in [name for name in sys.modules if name == WRAPPER or name.startswith(f"{WRAPPER}.")]:
        del sys.modules[name]
