"""Links to the live view for programs that cannot sign in, such as VLC, OBS, ImageJ and OpenCV.

The path contains a signed token. It is valid for twelve hours, with the permissions of the user who made it.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from camera.errors import LiveLinkInvalid
from camera.live.admission import Admission, admit, mark_password, may_watch

LIVES_FOR = timedelta(hours=12)
MAX_CLOCK_ERROR = timedelta(minutes=1)
ANEW = "Copy a new one on the live page."

_signer = Signer(salt="camera.live_links", sep=".")


@dataclass(frozen=True, slots=True)
class LiveLink:
    """Absolute paths on the server. They end in .mjpg and .jpg, because some programs choose the format by the
    ending."""

    stream_path: str
    frame_path: str
    expires_at: datetime


def make_live_link(user: AbstractUser, now: datetime | None = None) -> LiveLink:
    # The token holds whole seconds.
    expires_at = ((now or timezone.now()) + LIVES_FOR).replace(microsecond=0)
    token = _signer.sign(f"{user.pk}-{int(expires_at.timestamp())}-{mark_password(user)}")
    return LiveLink(reverse("live-stream", args=[token]), reverse("live-frame", args=[token]), expires_at)


def admit_by_link(token: str, now: datetime | None = None) -> Admission:
    """Return the admission that the token grants. Raises LiveLinkInvalid."""
    user_id, expires_at, password_mark = _read(token)
    left = expires_at - (now or timezone.now())
    if left <= timedelta(0):
        raise LiveLinkInvalid(f"This link is older than twelve hours. {ANEW}")
    if left > LIVES_FOR + MAX_CLOCK_ERROR:
        raise LiveLinkInvalid(f"This link was made while the clock of the server was wrong. {ANEW}")
    user = get_user_model().objects.filter(pk=user_id).first()
    if user is None or not may_watch(user):
        raise LiveLinkInvalid("The user who made this link may no longer watch the live view.")
    if mark_password(user) != password_mark:
        raise LiveLinkInvalid(f"The user who made this link has changed the password since. {ANEW}")
    return admit(user, time.monotonic() + left.total_seconds())


def describe_live_lines(stream_address: str, frame_address: str) -> dict[str, str]:
    """Return a line of code to paste for each program that needs one. VLC and OBS take the address itself."""
    return {
        "imagej": f'open("{frame_address}");',
        "opencv": f'import cv2; stream = cv2.VideoCapture("{stream_address}"); is_read, picture = stream.read()',
    }


def _read(token: str) -> tuple[int, datetime, str]:
    try:
        user_id, expires_at_s, password_mark = _signer.unsign(token).split("-")
    except BadSignature as problem:
        raise LiveLinkInvalid(f"This link is not valid. {ANEW}") from problem
    return int(user_id), datetime.fromtimestamp(int(expires_at_s), UTC), password_mark
