"""Signed links to images, for programs that cannot sign in.

The token is in the path and not in the query, because ImageJ opens an address only if it ends in `.tif`. A link is
valid for ten minutes and for one image. It opens the image with the permissions of the user who made the link.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner, b62_decode
from django.urls import reverse
from django.utils import timezone

from images.errors import LinkInvalid
from images.export.convert import Export
from images.models import Image
from images.permissions import VIEW
from images.record.image import part

MAX_CLOCK_ERROR_S = 60
LIVES_FOR = timedelta(minutes=10)
OPENED_AS = Export("tiff")

TOO_OLD = (
    "This link is invalid, has expired (links are valid for ten minutes), or was made while the clock of this PC was "
    "wrong. Copy the link again."
)


class TimelySigner(TimestampSigner):
    """A signer whose values expire, for a clock that may be set forward and back.

    Django's signer trusts the signed time: a value signed while the clock was ahead would stay valid until the clock
    reaches that time again. This one rejects such a value, because its age is unknown.
    """

    def unsign(self, value: str, max_age: int | timedelta | None = None) -> str:
        """Return the signed text. Raises SignatureExpired if it is too old or from the future, else BadSignature."""
        text = super().unsign(value, max_age)
        # Django's signer has just checked the signature, so this part is a number.
        signed_at_s = b62_decode(value.rsplit(self.sep, 2)[1])
        if signed_at_s > time.time() + MAX_CLOCK_ERROR_S:
            raise SignatureExpired("It was signed in the future.")
        return text


# The salt keeps signatures of other purposes from being accepted here.
_signer = TimelySigner(salt="images.opening", sep=".")


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made. `path` starts at the root of the server."""

    path: str
    name: str
    expires_at: datetime


def is_opened_as_it_is(image: Image) -> bool:
    """Return True if such programs can read the original itself, without an export."""
    return image.image_format == OPENED_AS.image_format


def name_opened(image: Image) -> str:
    return image.filename if is_opened_as_it_is(image) else OPENED_AS.name_for(image.filename)


def make_link(image: Image, by: AbstractBaseUser) -> Link:
    token = _signer.sign(f"{image.pk}-{by.pk}")
    name = name_opened(image)
    return Link(reverse("open-image", args=[token, name]), name, timezone.now() + LIVES_FOR)


def find_linked(token: str, name: str) -> tuple[Image, AbstractBaseUser]:
    """Return the image of a link, and the user who made the link.

    Raises LinkInvalid if the token is wrong, too old, from the future or for another image, or if the user may no
    longer view images.
    """
    try:
        image_id, user_id = _signer.unsign(token, max_age=LIVES_FOR).split("-")
    except BadSignature as problem:
        raise LinkInvalid(TOO_OLD) from problem
    # The permission is checked at each use: the user may have lost it since.
    image = Image.objects.filter(pk=image_id).first()
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if image is None or user is None or not user.has_perm(VIEW) or name_opened(image) != name:
        raise LinkInvalid("This link is invalid. Copy the link again.")
    return image, user


def describe_lines(address: str, image: Image, name: str) -> dict[str, str]:
    """Return the line to paste into each program, by its name."""
    imports = "import io, tifffile, urllib.request"
    read = f'tifffile.imread(io.BytesIO(urllib.request.urlopen("{address}").read()))'
    scale = f", scale=({image.um_per_pixel_y!r}, {image.um_per_pixel_x!r})" if image.um_per_pixel_x else ""
    # napari takes a small colour image for a stack of planes, unless it is told.
    colour = ", rgb=True" if part(image.metadata, "image").get("isColour") else ""
    units = ', units=("um", "um")' if image.um_per_pixel_x else ""
    return {
        "imagej": f'open("{address}");',
        "napari": f"{imports}, napari; napari.view_image({read}, name={json.dumps(name)}{colour}{scale}{units})",
        "python": f"{imports}; pixels = {read}",
    }
