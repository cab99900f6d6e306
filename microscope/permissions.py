"""Who may do what. API and pages use the same table.

A view says what it needs, for example `needs = {"GET": "view", "POST": "capture"}`. If it says nothing for a method,
nobody may use that method.
"""

from typing import Any

from django.http import HttpRequest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

OPEN_TO_ALL = "nothing"
SIGNED_IN = "sign-in"
# One of the permissions is enough. images/permissions.py decides whose images a user may edit or move to the bin.
PERMISSION_BY_NEED = {
    "view": ["images.view_image"],
    "capture": ["images.capture_image"],
    "edit": ["images.capture_image", "images.change_image"],
    "bin": ["images.capture_image", "images.delete_image"],
    "share": ["images.capture_image"],
    "remove": ["images.delete_image"],
    "oversee": ["images.delete_image"],
    "calibrate": ["images.calibrate_objective"],
}


def meets(user, need: str | None) -> bool:
    """Return True if the user has a permission that satisfies `need`."""
    if need == OPEN_TO_ALL:
        return True
    if need is None or not user.is_authenticated:
        return False
    return need == SIGNED_IN or any(map(user.has_perm, PERMISSION_BY_NEED[need]))


class HasNeeded(BasePermission):
    """Applies the table to views of the REST framework."""

    message = "You may not do this. Ask a manager for the permission."

    def has_permission(self, request: Request, view: object) -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS" or not hasattr(view, str(method).lower()):
            # Any signed-in user may ask what the view accepts, or get the answer that it has no such method.
            return meets(request.user, SIGNED_IN)
        return meets(request.user, getattr(view, "needs", {}).get(method))


class ForOverseers:
    """For a ModelAdmin: whoever may oversee the program sees its rows. It comes first among the base classes."""

    def may_oversee(self, request: HttpRequest, obj: Any = None) -> bool:
        return meets(request.user, "oversee")

    has_module_permission = has_view_permission = may_oversee
