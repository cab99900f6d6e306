"""The lasting id of this instrument. It is made once and lies in the data folder, so it stays the same if the PC gets
another name."""

import contextlib
from pathlib import Path
from uuid import UUID, uuid4

from camera.durable_files import create_file
from images.errors import StorageUnavailable

FILE = "instrument-id"


class DamagedInstrumentId(StorageUnavailable):
    """The file with the id of this instrument holds no id."""

    code = "damaged_instrument_id"


def read_or_make_instrument_id(folder: Path) -> UUID:
    """Return the id in this folder. The first call makes it. Several processes that call it at once get the same id.
    Raises DamagedInstrumentId, and OSError."""
    if known := read_instrument_id(folder):
        return known
    # If another process was faster, its file counts: `create_file` overwrites nothing.
    with contextlib.suppress(FileExistsError):
        create_file(folder / FILE, f"{uuid4()}\n".encode("ascii"))
    return _read(folder / FILE)


def read_instrument_id(folder: Path) -> UUID | None:
    """Return the id in this folder; None if it was never made. Raises DamagedInstrumentId, and OSError."""
    try:
        return _read(folder / FILE)
    except FileNotFoundError:
        return None


def _read(path: Path) -> UUID:
    try:
        return UUID(path.read_text(encoding="ascii").strip())
    except ValueError as problem:
        raise DamagedInstrumentId(
            f"The file {FILE} in the data folder is damaged. Put it back from a backup. If there is none, write into "
            "it the first part of any key under originals/ in the store: that is the id."
        ) from problem
