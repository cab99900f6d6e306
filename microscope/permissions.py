"""Who may do what: the one table, asked by the API and by pages alike.

A view says what it needs in words, `needs = {"GET": "view", "POST": "capture"}`; one that says nothing for a method
admits nobody.
"""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

OPEN_TO_ALL = "nothing"
SIGNED_IN = "sign-in"
# Any one of them is enough. Whose image may be edited or binned is asked of the image itself (images/rights.py).
PERMISSION_BY_NEED = {
    "view": ["images.view_image"],
    "capture": ["images.capture_image"],
    "edit": ["images.capture_image", "images.change_image"],
    "bin": ["images.capture_image", "images.delete_image"],
    "remove": ["images.delete_image"],
    "calibrate": ["images.calibrate_objective"],
}


def meets(user, need: str | None) -> bool:
    """Whether this user may have what needs that."""
    if need == OPEN_TO_ALL:
        return True
    if need is None or not user.is_authenticated:
        return False
    return need == SIGNED_IN or any(map(user.has_perm, PERMISSION_BY_NEED[need]))


class HasNeeded(BasePermission):
    """The REST framework's side of the table."""

    message = "You may not do this. Ask a manager for the permission."

    def has_permission(self, request: Request, view: object) -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS" or not hasattr(view, str(method).lower()):
            return meets(request.user, SIGNED_IN)  # to be told what the view takes
        return meets(request.user, getattr(view, "needs", {}).get(method))
