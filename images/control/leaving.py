"""Takes control at once from a user who signs out, or who may not capture any more."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver

from images.control.control import Control, the_control
from images.control.lease import Kind
from images.control.line import find_ask, leave_line
from images.control.rows import Change
from images.permissions import CAPTURE

User = get_user_model()


@receiver(user_logged_out)
def release_at_sign_out(user: Any, **_: Any) -> None:
    if user is not None:
        forget_user(the_control(), user.pk, "signed out", only_browser=True)


@receiver([post_save, post_delete], sender=User)
@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
@receiver([post_save, post_delete], sender=Group)
def look_again(**_: Any) -> None:
    """Look again at the rights of those who have control or ask for it. Only after the commit: before it, the rights
    have not changed yet."""
    if the_control().named_users:
        transaction.on_commit(release_what_is_not_allowed)


def release_what_is_not_allowed() -> None:
    """Ask the database about the rights of holder and askers, and release the control of those who lost theirs.
    Django's DatabaseError changes nothing."""
    # After each change of any user: the set is small, mostly empty, so no query is made for others.
    control = the_control()
    for user_id in control.named_users:
        user = User._default_manager.filter(pk=user_id, is_active=True).first()
        if user is None or not user.has_perm(CAPTURE):
            forget_user(control, user_id, "may not capture any more")


def forget_user(control: Control, user_id: int, why: str, *, only_browser: bool = False) -> None:
    """Withdraw the user's request for control. If the user controls the camera, make it free at once. A job keeps
    control."""
    with control.changing:
        line = control.current_line()
        if asked := find_ask(line, user_id):
            left = leave_line(line, user_id, control.now_s)
            control.set_line(left, Change("control_withdrawn", asked.who, {"why": why}))
        lease = control.current()
        # A script of the user has its own sign-in, and goes on when the user signs out of the browser.
        kinds = {Kind.PERSON} if only_browser else {Kind.PERSON, Kind.SCRIPT}
        if lease and lease.holder.user_id == user_id and lease.holder.kind in kinds:
            control.release(lease.holder, why=why)
