"""What a person may do with one image: with their own as an operator, with anybody's as a manager."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from images.errors import NotYours
from images.models import Image

CAPTURE = "images.capture_image"
CHANGE_ANY = "images.change_image"
DELETE_ANY = "images.delete_image"
CALIBRATE = "images.calibrate_objective"

Person = AbstractBaseUser | AnonymousUser


def may_edit(person: Person, image: Image) -> bool:
    return _may(person, image, CHANGE_ANY)


def may_bin(person: Person, image: Image) -> bool:
    """Into the bin, and out of it again."""
    return _may(person, image, DELETE_ANY)


def demand_edit(person: Person, image: Image) -> None:
    """Raise NotYours where they may not."""
    if not may_edit(person, image):
        raise NotYours("This is somebody else's image. Ask them or a manager to change it.")


def demand_bin(person: Person, image: Image) -> None:
    """Raise NotYours where they may not."""
    if not may_bin(person, image):
        raise NotYours("This is somebody else's image. Ask them or a manager to bin or restore it.")


def _may(person: Person, image: Image, for_any: str) -> bool:
    is_own = image.user_id is not None and image.user_id == person.pk
    return (is_own and person.has_perm(CAPTURE)) or person.has_perm(for_any)  # type: ignore[union-attr]
