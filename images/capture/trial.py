"""Writes a picture to see how large its file is. It is not kept."""

from typing import Any

from camera.frame import Frame
from images.formats import FORMATS
from images.library import the_library
from images.record.image import Requested, make_record


def write_trial(frame: Frame, image_format: str, quality: int) -> int:
    """Write the frame as an original would be written, and remove it again. Returns its size in bytes. Raises
    StorageUnavailable."""
    file_format = FORMATS[image_format]
    record = make_trial_record(frame, file_format.encoding_of(frame.pixels, quality))
    return the_library().archive.try_writing(lambda file: file_format.write(file, frame.pixels, record, quality))


def make_trial_record(frame: Frame, encoding: Any) -> dict[str, Any]:
    """Return a record for a picture that is not kept, so that its file gets its usual size."""
    return make_record(frame, username="", requested=Requested(), encoding=encoding, editable={})
