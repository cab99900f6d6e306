"""Addresses that programs can open which know neither sign-in nor queries: ImageJ opens one only if it ends in `.tif`.

A signed token stands in the path. It lives ten minutes, is for one image, and opens it as the one person who asked.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse
from django.utils import timezone

from images.errors import LinkInvalid
from images.exporting import Export
from images.facts import part
from images.models import Image

LIVES_FOR = timedelta(minutes=10)
VIEW = "images.view_image"
OPENED_AS = Export("tiff")

_signer = TimestampSigner(salt="images.opening", sep=".")


@dataclass(frozen=True, slots=True)
class Link:
    """`path` as from the root of the server."""

    path: str
    name: str
    expires_at: datetime


def is_opened_as_it_is(image: Image) -> bool:
    """Whether the original itself is what such programs read."""
    return image.image_format == OPENED_AS.image_format


def name_opened(image: Image) -> str:
    return image.filename if is_opened_as_it_is(image) else OPENED_AS.name_for(image.filename)


def make_link(image: Image, by: AbstractBaseUser) -> Link:
    token = _signer.sign(f"{image.pk}-{by.pk}")
    name = name_opened(image)
    return Link(reverse("open-image", args=[token, name]), name, timezone.now() + LIVES_FOR)


def find_linked(token: str, name: str) -> tuple[Image, AbstractBaseUser]:
    """The image, and the person for whom it is opened. Raises LinkInvalid for a token that is wrong, too old or for
    another image, and where the person may not see images (any more)."""
    try:
        image_id, user_id = _signer.unsign(token, max_age=LIVES_FOR).split("-")
    except BadSignature as problem:
        raise LinkInvalid("This link is not valid, or older than ten minutes. Copy it anew.") from problem
    image = Image.objects.filter(pk=image_id).first()
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if image is None or user is None or not user.has_perm(VIEW) or name_opened(image) != name:
        raise LinkInvalid("This link is not valid. Copy it anew.")
    return image, user


def describe_lines(address: str, image: Image, name: str) -> dict[str, str]:
    """What to paste, by program."""
    imports = "import io, tifffile, urllib.request"
    read = f'tifffile.imread(io.BytesIO(urllib.request.urlopen("{address}").read()))'
    scale = f", scale=({image.um_per_pixel_y!r}, {image.um_per_pixel_x!r})" if image.um_per_pixel_x else ""
    # napari takes a small colour picture for three planes.
    colour = ", rgb=True" if part(image.metadata, "image").get("isColour") else ""
    units = ', units=("um", "um")' if image.um_per_pixel_x else ""
    return {
        "imagej": f'open("{address}");',
        "napari": f"{imports}, napari; napari.view_image({read}, name={json.dumps(name)}{colour}{scale}{units})",
        "python": f"{imports}; pixels = {read}",
    }
