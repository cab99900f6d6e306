"""PxLFormatImage: from a raw frame and its descriptor to a picture. Needs neither a camera nor a handle.

The layouts are those of the vendor's knowledge base (article 3000044465). Files are written by Pillow, 8 bits per
channel, grey for mono frames and R, G, B for the others; what the real library does there is not documented.
"""

import io

import numpy as np
from numpy.typing import NDArray

from .codes import ImageFormat, RefusedError, ReturnCode
from .descriptor import delivered_shape
from .pixel_formats import Samples, decode, layout_of
from .structures import FrameDescriptor

_FILE_FORMATS = {
    ImageFormat.BMP: "BMP",
    ImageFormat.TIFF: "TIFF",
    ImageFormat.JPEG: "JPEG",
    ImageFormat.PNG: "PNG",
}
_BYTES_PER_PIXEL = {
    ImageFormat.RAW_RGB24_DIB: 3,
    ImageFormat.RAW_RGB24_NON_DIB: 3,
    ImageFormat.RAW_BGR24: 3,
    ImageFormat.RAW_RGB48: 6,
}


def format_image(
    frame: NDArray[np.uint8], descriptor: FrameDescriptor, image_format: int, room: NDArray[np.uint8] | None = None
) -> bytes | Samples:
    """Return the picture: a file, or its values without a gap between them. `room`: memory of its size. It may be made
    there, as a library in C does; otherwise the stand-in's own copies would take longer than the conversion."""
    if image_format not in {int(known) for known in ImageFormat} - {ImageFormat.PSD}:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no image format {image_format}")
    picture = _picture(frame, descriptor, image_format, room)
    if image_format in _FILE_FORMATS:
        return _as_file(picture, ImageFormat(image_format))
    return np.ascontiguousarray(_as_raw(picture, ImageFormat(image_format)))


def count_raw_bytes(descriptor: FrameDescriptor, image_format: int) -> int | None:
    """Return the size of a raw three-colour picture without making it. None for files and for other pictures."""
    if image_format not in _BYTES_PER_PIXEL:
        return None
    rows, columns, pixel_format = delivered_shape(descriptor)
    is_odd_yuv = layout_of(pixel_format).family == "YUV" and columns % 2
    return None if is_odd_yuv else rows * columns * _BYTES_PER_PIXEL[ImageFormat(image_format)]


def _picture(
    frame: NDArray[np.uint8], descriptor: FrameDescriptor, image_format: int, room: NDArray[np.uint8] | None
) -> Samples:
    """Return the picture, left-justified in 16 bits, or in 8 if neither the frame nor the format has more: [rows,
    columns] if mono, otherwise [rows, columns, 3] in R, G, B."""
    rows, columns, pixel_format = delivered_shape(descriptor)
    layout = layout_of(pixel_format)
    if layout.family == "YUV" and columns % 2:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, "YUV422 with an odd number of columns")
    is_narrow = layout.bits == 8 and image_format != ImageFormat.RAW_RGB48
    samples = decode(frame, rows, columns, pixel_format, 8 if is_narrow else 16)
    if not layout.pattern:
        return samples
    # For the other formats its depth or its order is changed afterwards, and that makes another array.
    is_final = is_narrow and image_format == ImageFormat.RAW_RGB24_NON_DIB
    return demosaic(samples, layout.pattern, room if is_final else None)


def demosaic(samples: Samples, pattern: str, room: NDArray[np.uint8] | None = None) -> Samples:
    """The simplest method: all pixels of a 2 x 2 cell share its red, its blue and the mean of its greens. `room`:
    memory for the picture, which is used if the frame has whole cells."""
    rows, columns = samples.shape
    is_whole = not (rows % 2 or columns % 2)
    even = samples if is_whole else np.pad(samples, ((0, rows % 2), (0, columns % 2)), mode="edge")
    sites: dict[str, list[Samples]] = {"R": [], "G": [], "B": []}
    for site, colour in enumerate(pattern):
        row, column = divmod(site, 2)
        sites[colour].append(even[row::2, column::2])
    shape = (*even.shape, 3)
    picture = np.empty(shape, even.dtype) if room is None or not is_whole else room.view(even.dtype).reshape(shape)
    for channel, colour in enumerate("RGB"):
        picture[0::2, 0::2, channel] = picture[0::2, 1::2, channel] = _mean(*sites[colour])
    picture[1::2] = picture[0::2]
    return picture[:rows, :columns]


def _mean(first: Samples, second: Samples | None = None) -> Samples:
    """Return the mean, rounded down, without making the sum, which may have one bit more."""
    return first if second is None else (first >> 1) + (second >> 1) + (first & second & 1)


def _as_raw(picture: Samples, image_format: ImageFormat) -> Samples:
    if image_format == ImageFormat.RAW_MONO8:
        if picture.ndim == 3:
            raise RefusedError(ReturnCode.ApiInvalidParameterError, "RAW_MONO8 is for monochrome cameras")
        return _in_8_bit(picture)
    colour = picture if picture.ndim == 3 else np.stack((picture,) * 3, axis=2)
    if image_format == ImageFormat.RAW_RGB48:
        return colour.astype("<u2", copy=False)
    eight_bit = _in_8_bit(colour)
    if image_format == ImageFormat.RAW_RGB24_DIB:
        return eight_bit[::-1, :, ::-1]
    return eight_bit[:, :, ::-1] if image_format == ImageFormat.RAW_BGR24 else eight_bit


def _in_8_bit(picture: Samples) -> NDArray[np.uint8]:
    return picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8)


def _as_file(picture: Samples, image_format: ImageFormat) -> bytes:
    from PIL import Image

    target = io.BytesIO()
    options = {"quality": 95} if image_format == ImageFormat.JPEG else {}
    Image.fromarray(_in_8_bit(picture)).save(target, _FILE_FORMATS[image_format], **options)
    return target.getvalue()
