"""What a user may do with one image: operators change their own images, managers change all images."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from images.errors import NotYours
from images.models import Image, ShareLink

VIEW = "images.view_image"
CAPTURE = "images.capture_image"
CHANGE_ANY = "images.change_image"
DELETE_ANY = "images.delete_image"
CALIBRATE = "images.calibrate_objective"
TAKE_CONTROL = "images.take_control"
# To let strangers in is for those who may add pictures, not for those who may only look.
SHARE = CAPTURE

Person = AbstractBaseUser | AnonymousUser


def may_edit(person: Person, image: Image) -> bool:
    return _may(person, image, CHANGE_ANY)


def may_bin(person: Person, image: Image) -> bool:
    """Return True if the user may move the image to the bin and restore it."""
    return _may(person, image, DELETE_ANY)


def may_end_link(person: Person, link: ShareLink) -> bool:
    """Return True if the user may copy and revoke the link."""
    return link.made_by_id == person.pk or person.has_perm(CHANGE_ANY)  # type: ignore[union-attr]


def require_edit(person: Person, image: Image) -> None:
    """Raise NotYours if `may_edit` is False."""
    if not may_edit(person, image):
        raise NotYours("This is somebody else's image. Ask them or a manager to change it.")


def require_bin(person: Person, image: Image) -> None:
    """Raise NotYours if `may_bin` is False."""
    if not may_bin(person, image):
        raise NotYours("This is somebody else's image. Ask them or a manager to bin or restore it.")


def _may(person: Person, image: Image, for_any: str) -> bool:
    # An anonymous visitor has no id either: without the first test they would own the images of nobody.
    is_own = image.user_id is not None and image.user_id == person.pk
    return (is_own and person.has_perm(CAPTURE)) or person.has_perm(for_any)  # type: ignore[union-attr]
