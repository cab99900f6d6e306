"""Removes people from the copy at once when this process changes their accounts, rights or tokens."""

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.models import PersonalToken, User
from microscope.offline.copy import the_copy


@receiver([post_save, post_delete], sender=User)
def forget_changed_user(instance: User, update_fields: frozenset[str] | None = None, **_: Any) -> None:
    # Each sign-in saves this field. It is no change of rights.
    if update_fields != {"last_login"}:
        _forget(instance.pk)


@receiver(user_logged_out)
def forget_who_signs_out(user: Any, **_: Any) -> None:
    if user is not None:
        _forget(user.pk)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def forget_after_change_of_rights(instance: Any, **_: Any) -> None:
    _forget(instance.pk if isinstance(instance, User) else None)


@receiver(post_delete, sender=Group)
def forget_all(**_: Any) -> None:
    _forget(None)


@receiver(post_save, sender=BlacklistedToken)
def forget_owner_of_ended_token(instance: BlacklistedToken, **_: Any) -> None:
    _forget(instance.token.user_id)


@receiver([post_save, post_delete], sender=PersonalToken)
def forget_owner_of_revoked_token(instance: PersonalToken, created: bool = False, **_: Any) -> None:
    if not created:
        _forget(instance.user_id)


def _forget(user_id: int | None) -> None:
    """Forget the user now, and again after the commit: another request may have read the old rights from the database
    in between."""
    the_copy().forget(user_id)
    transaction.on_commit(lambda: the_copy().forget(user_id))
