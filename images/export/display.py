"""Choose what a browser displays of an image: the original, or a full-size copy if it cannot display the original."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from images.formats import FORMATS
from images.models import Image
from images.record.image import DISPLAY_BITS, bits_held, part
from images.record.sums import read_sum

# The page counts the histogram from the displayed pixels, so the copy must be lossless: a PNG. A PNG of a mono image
# with more than 8 bits would have 16 bits again, so it becomes a JPEG.
EXACT, OF_DEEP_MONO = "as=png", "as=jpg&quality=100"


@dataclass(frozen=True, slots=True)
class DisplayedImage:
    """The file to display. `copy_of` says what a copy shows of the original; empty if it is the original itself."""

    address: str
    copy_of: str = ""


def describe_displayed(image: Image) -> DisplayedImage:
    """Return the address of the original, or that of a copy if browsers cannot display the original."""
    address = reverse("api-image-file", args=[image.pk])
    record = image.metadata if isinstance(image.metadata, dict) else {}
    bits, is_colour = bits_held(record), part(record, "image").get("isColour", True)
    # Browsers scale 16 bits to 8, so 12 significant bits in a 16-bit PNG would look almost black.
    if FORMATS[image.image_format].is_shown_by_browsers and bits <= DISPLAY_BITS:
        return DisplayedImage(address)
    depth = _describe_depth(record, bits)
    if bits > DISPLAY_BITS and not is_colour:
        return DisplayedImage(f"{address}?{OF_DEEP_MONO}", f"{depth}, as JPEG")
    return DisplayedImage(f"{address}?{EXACT}", f"{depth}, as PNG")


def _describe_depth(record: dict[str, Any], bits: int) -> str:
    summed = read_sum(record)
    if summed:
        bits = summed.bits_per_frame or bits
    depth = f"the upper 8 of {bits} bit" if bits > DISPLAY_BITS else "8 bit"
    return f"the mean of {summed.frames:,} frames, {depth}" if summed else depth
