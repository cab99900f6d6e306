"""The audit log: who did what, when, from where. Written in the transaction of the deed, so that neither stands
without the other. It listens to what the apps tell; none of them knows of it.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.addresses import address_of
from images.signals import library_changed
from microscope.models import AuditEntry

# Of signing in; what was done to images and users is kept for good.
COMINGS_AND_GOINGS = [AuditEntry.What.SIGNED_IN, AuditEntry.What.SIGN_IN_FAILED, AuditEntry.What.SIGNED_OUT]
KEPT_FOR = timedelta(days=365)
NEVER_TOLD = {"password", "last_login"}

User = get_user_model()
_asking: ContextVar[HttpRequest | None] = ContextVar("asking", default=None)


class AuditMiddleware:
    """Remembers whose request this thread is answering."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _asking.set(request)
        try:
            return self.get_response(request)
        finally:
            _asking.reset(token)


def forget_old_comings_and_goings() -> int:
    """Remove entries of signing in and out that have had their time. Answers how many."""
    old = AuditEntry.objects.filter(at__lt=timezone.now() - KEPT_FOR, what__in=COMINGS_AND_GOINGS)
    return old.delete()[0]


@receiver(library_changed)
def note_library(what: str, images: list | None, user_id: int | None, username: str, details: dict, **_: Any) -> None:
    facts = {**_who(user_id, username), "what": what, "details": details}
    done_to = [(None, "")] if images is None else images
    AuditEntry.objects.bulk_create(AuditEntry(image_id=number, object=name, **facts) for number, name in done_to)


@receiver(user_logged_in)
def note_signed_in(user: Any, **_: Any) -> None:
    _note("signed_in", user.get_username(), user)


@receiver(user_logged_out)
def note_signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        _note("signed_out", user.get_username(), user)


@receiver(user_login_failed)
def note_sign_in_failed(credentials: dict, **_: Any) -> None:
    """The name is that which was tried, whether there is such a user or not."""
    name = str(credentials.get("username", ""))
    AuditEntry.objects.create(who=_fit(name), address=_address(), what="sign_in_failed", object=_fit(name))


@receiver(pre_save, sender=User)
def compare_user(instance: Any, raw: bool = False, **_: Any) -> None:
    before = None if raw or instance._state.adding else User.objects.filter(pk=instance.pk).values().first()
    instance.audited_before = before


@receiver(post_save, sender=User)
def note_user(instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    if created and not raw:
        _note("user_added", instance.get_username())
        return
    before = getattr(instance, "audited_before", None) or {}
    changes = {
        name: {"before": _plain(was), "after": _plain(getattr(instance, name))}
        for name, was in before.items()
        if name not in NEVER_TOLD and was != getattr(instance, name)
    }
    if changes:
        _note("user_changed", instance.get_username(), **changes)
    # A hash that is only made anew at sign-in is the same password.
    if before and before["password"] != instance.password and instance._password is not None:
        _note("password_changed", instance.get_username())


@receiver(post_delete, sender=User)
def note_user_deleted(instance: Any, **_: Any) -> None:
    _note("user_deleted", instance.get_username())


@receiver([post_save, post_delete], sender=Group)
def note_role(instance: Group, raw: bool = False, **_: Any) -> None:
    if not raw:
        _note("role_changed", instance.name)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def note_rights(instance: Any, action: str, model: Any, pk_set: set | None, **_: Any) -> None:
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    what = "user_changed" if isinstance(instance, User) else "role_changed"
    names = sorted(str(one) for one in model.objects.filter(pk__in=pk_set)) if pk_set else []
    kind = str(model._meta.verbose_name_plural)
    _note(what, str(instance), **{kind: {action.removeprefix("post_").removeprefix("pre_"): names}})


def _note(what: str, name: str, by: Any = None, **details: Any) -> None:
    who = _who(by.pk, by.get_username()) if by else _who(None, "")
    AuditEntry.objects.create(what=what, object=_fit(name), details=details, **who)


def _who(user_id: int | None, username: str) -> dict[str, Any]:
    """Who was named, or else who asks; nobody where the program does it by itself."""
    asking = getattr(_asking.get(), "user", None)
    if user_id is None and not username and asking is not None and asking.is_authenticated:
        user_id, username = asking.pk, asking.get_username()
    return {"user_id": user_id, "who": _fit(username), "address": _address()}


def _address() -> str:
    request = _asking.get()
    return "" if request is None else address_of(request)


def _fit(name: str) -> str:
    """What a column and every database can hold of a name."""
    return name.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:150]


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
