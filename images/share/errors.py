"""Errors of share links."""

from images.errors import LibraryError


class ShareLinkEnded(LibraryError):
    """A share link was opened that has expired, was revoked, was never made, or whose maker may no longer share."""

    code = "share_link_ended"

    def __init__(self) -> None:
        # One sentence for all causes: a stranger learns nothing about the library from it.
        super().__init__("This link has ended. Ask whoever sent it.")


class ShareLinkMissing(LibraryError):
    """No share link has this number."""

    code = "no_such_share_link"

    def __init__(self, link_id: int) -> None:
        super().__init__(f"There is no share link {link_id}.")


class NotYourShareLink(LibraryError):
    """The link belongs to somebody else, and the user is no manager."""

    code = "not_your_share_link"

    def __init__(self) -> None:
        super().__init__("This is somebody else's link. Ask them or a manager to revoke it.")


class NothingToShare(LibraryError):
    """The pictures that a link should show do not exist or are in the bin."""

    code = "nothing_to_share"
