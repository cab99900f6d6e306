"""What happens to the library, told to whoever listens, within the transaction in which it happens.

Who listens may raise; then it did not happen.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.dispatch import Signal

# what: "captured", "adopted", "changed", "binned", "restored", "removed" or "emptied"
# images: pairs of number and file name, None where it concerns none in particular
# user_id and username: who did it, None and empty where nobody said; details: whatever JSON can hold
library_changed = Signal()


def tell(
    what: str,
    images: Iterable[tuple[int, str]] | None = None,
    by: AbstractBaseUser | AnonymousUser | None = None,
    *,
    user_id: int | None = None,
    username: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Say what has been done to these images, or to none in particular, and by whom: a person, or number and name of
    one."""
    if by is not None:
        user_id, username = by.pk, by.get_username()
    library_changed.send(
        None,
        what=what,
        images=None if images is None else list(images),
        user_id=user_id,
        username=username,
        details=details or {},
    )
