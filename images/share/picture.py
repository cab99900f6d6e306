"""The picture of a shared image: a JPEG for screens. It carries no record, so it tells nothing that its maker did not
choose to show."""

import threading
from typing import BinaryIO

from camera.frame import to_display
from camera.memory import as_picture, open_memory_file
from images.export.convert import read_pixels
from images.export.scale_bar import burn_scale_bar
from images.models import Image
from images.record.image import bits_held

QUALITY = 92
DISPLAY_BITS = 8
# One at a time: however many open a link, they take one processor from captures.
_making = threading.BoundedSemaphore(1)


def make_picture(image: Image, has_scale_bar: bool = False) -> BinaryIO:
    """Return the JPEG as an open file, at its start. The caller closes it. A scale bar is drawn only if the scale is
    known.

    Raises OriginalMissing, OriginalChanged or StorageUnavailable.
    """
    with _making:
        pixels = to_display(read_pixels(image), bits_held(image.metadata))
        if has_scale_bar and image.um_per_pixel_x is not None:
            pixels = burn_scale_bar(pixels, image.um_per_pixel_x, DISPLAY_BITS)
        # Pillow encodes beside other threads only into a file that the system knows.
        file = open_memory_file()
        try:
            with as_picture(pixels) as picture:
                picture.save(file, "JPEG", quality=QUALITY)
        except BaseException:
            file.close()
            raise
    file.seek(0)
    return file
