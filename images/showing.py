"""What a browser is given to show of an image: the original, or a copy of its full size where it cannot show that."""

from dataclasses import dataclass

from django.urls import reverse

from images.facts import part
from images.models import Image
from images.record import DISPLAY_BITS, bits_held

SHOWN_BY_BROWSERS = {"jpg", "png"}
# The histogram is counted from what is shown, so it is exact: a PNG. That of a deep mono picture would be deep again.
EXACT, OF_DEEP_MONO = "as=png", "as=jpg&quality=100"


@dataclass(frozen=True, slots=True)
class Shown:
    """`copy_of` says what of the original a display copy shows; empty where the original itself is shown."""

    address: str
    copy_of: str = ""


def describe_shown(image: Image) -> Shown:
    """A browser takes 12 bits in a PNG of 16 for a picture that is nearly black, so deep ones are copied as well."""
    address = reverse("api-image-file", args=[image.pk])
    record = image.metadata if isinstance(image.metadata, dict) else {}
    bits, is_colour = bits_held(record), part(record, "image").get("isColour", True)
    if image.image_format in SHOWN_BY_BROWSERS and bits <= DISPLAY_BITS:
        return Shown(address)
    depth = f"the upper 8 of {bits} bit" if bits > DISPLAY_BITS else "8 bit"
    if bits > DISPLAY_BITS and not is_colour:
        return Shown(f"{address}?{OF_DEEP_MONO}", f"{depth}, as JPEG")
    return Shown(f"{address}?{EXACT}", f"{depth}, as PNG")
