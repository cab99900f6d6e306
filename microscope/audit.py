"""The audit log: who did what, when, and from where.

An entry is written in the transaction of the change itself, so that neither exists without the other. The log listens
to signals of the apps. No app knows it.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from accounts.addresses import address_of
from accounts.events import token_changed
from accounts.models import PersonalToken
from images.events import job_changed, library_changed
from images.models import Job
from microscope.events.bell import the_bell
from microscope.events.kinds import is_event
from microscope.events.order import hold_order
from microscope.models import AuditDay, AuditEntry

# These entries are removed after a time. Entries about images and users are kept for ever.
SIGN_IN_EVENTS = [AuditEntry.What.SIGNED_IN, AuditEntry.What.SIGN_IN_FAILED, AuditEntry.What.SIGNED_OUT]
KEPT_FOR_DAYS = 365
# Events of a job that no person causes, and that somebody has set the next plane. Other acts of people have entries of
# their own.
BY_ITSELF = {
    **{what: f"job_{what}" for what in ("begun", "paused", "continued", "resumed", "finished", "stopped", "failed")},
    "plane_set": "job_continued",
}
REDACTED_FIELDS = {"password", "last_login", "folded_name"}

User = get_user_model()
_asking: ContextVar[HttpRequest | None] = ContextVar("asking", default=None)


class AuditMiddleware:
    """Remembers which request this thread answers, so that an entry can name the user and the address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _asking.set(request)
        try:
            return self.get_response(request)
        finally:
            _asking.reset(token)


def forget_old_sign_in_events(days: int) -> int:
    """Remove entries about signing in and out that are more than KEPT_FOR_DAYS run days old. Returns how many.

    `days` is the current count of run days (images/run_days.py). The age of an entry comes from its number, not from
    its time, because the clock that gave the time can have been wrong."""
    AuditDay.objects.filter(run_day__gt=days).delete()
    newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    AuditDay.objects.get_or_create(run_day=days, defaults={"last_entry_id": newest or 0})
    past = AuditDay.objects.filter(run_day__lt=days - KEPT_FOR_DAYS).order_by("-run_day").first()
    if past is None:
        return 0
    AuditDay.objects.filter(run_day__lt=past.run_day).delete()
    return AuditEntry.objects.filter(pk__lte=past.last_entry_id, what__in=SIGN_IN_EVENTS).delete()[0]


@receiver(library_changed)
def note_library(what: str, images: list | None, user_id: int | None, username: str, details: dict, **_: Any) -> None:
    fields = {**_who(user_id, username), "what": what, "details": details}
    done_to = [(None, "")] if images is None else images
    _write([AuditEntry(image_id=number, object=name, **fields) for number, name in done_to])


@receiver(job_changed)
def note_job(job: Job, what: str, reason: str, detail: str, by: str = "", **_: Any) -> None:
    """Note what the program does to a job. `by` is the user, if it was one: control.py tells that itself."""
    if what not in BY_ITSELF or (by and what != "plane_set"):
        return
    said = {name: text for name, text in (("reason", reason), ("detail", detail)) if text}
    details = {"job": job.pk, "name": job.name, **said}
    _write([AuditEntry(what=BY_ITSELF[what], details=details, **_who(None, by))])


@receiver(token_changed)
def note_token(what: str, token: PersonalToken, by: Any, **_: Any) -> None:
    details = {"user": token.user.get_username(), "scope": token.scope, "ends": token.expires_at.isoformat()}
    _note(what, token.name, by, **details)


@receiver(user_logged_in)
def note_signed_in(user: Any, **_: Any) -> None:
    _note("signed_in", user.get_username(), user)


@receiver(user_logged_out)
def note_signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        _note("signed_out", user.get_username(), user)


@receiver(user_login_failed)
def note_sign_in_failed(credentials: dict, **_: Any) -> None:
    """Note the name that was tried, whether there is such a user or not."""
    name = str(credentials.get("username", ""))
    AuditEntry.objects.create(who=_fit(name), address=_address(), what="sign_in_failed", object=_fit(name))


@receiver(pre_save, sender=User)
def compare_user(instance: Any, raw: bool = False, **_: Any) -> None:
    before = None if raw or instance._state.adding else User.objects.filter(pk=instance.pk).values().first()
    # Read from the database: the object may have been changed long before it is saved.
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
        if name not in REDACTED_FIELDS and was != getattr(instance, name)
    }
    if changes:
        _note("user_changed", instance.get_username(), **changes)
    # Django may compute a new hash of the same password at sign-in. That is not a changed password.
    if before and before["password"] != instance.password and instance._password is not None:
        _note("password_changed", instance.get_username())


@receiver(post_delete, sender=User)
def note_user_deleted(instance: Any, **_: Any) -> None:
    _note("user_deleted", instance.get_username())


@receiver(post_delete, sender=Group)
def note_role_deleted(instance: Group, **_: Any) -> None:
    _note("role_deleted", instance.name)


@receiver(post_delete, sender=Job)
def note_job_deleted(instance: Job, **_: Any) -> None:
    _note("job_deleted", instance.name, number=instance.pk)


@receiver(post_save, sender=Group)
def note_role(instance: Group, raw: bool = False, **_: Any) -> None:
    if not raw:
        _note("role_changed", instance.name)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def note_rights(instance: Any, action: str, model: Any, pk_set: set | None, **_: Any) -> None:
    # `pre_clear`, because after it nobody knows what was removed.
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    what = "user_changed" if isinstance(instance, User) else "role_changed"
    names = sorted(str(one) for one in model.objects.filter(pk__in=pk_set)) if pk_set else []
    kind = str(model._meta.verbose_name_plural)
    _note(what, str(instance), **{kind: {action.removeprefix("post_").removeprefix("pre_"): names}})


def _note(what: str, name: str, by: Any = None, **details: Any) -> None:
    who = _who(by.pk, by.get_username()) if by else _who(None, "")
    _write([AuditEntry(what=what, object=_fit(name), details=details, **who)])


def _write(entries: list[AuditEntry]) -> None:
    """Write entries of one kind, in the caller's transaction. Programs that follow events are woken once it is
    committed."""
    if not entries or not is_event(entries[0].what):
        AuditEntry.objects.bulk_create(entries)
        return
    with transaction.atomic(savepoint=False):
        hold_order()
        AuditEntry.objects.bulk_create(entries)
        transaction.on_commit(the_bell().ring)


def _who(user_id: int | None, username: str) -> dict[str, Any]:
    """Return the columns for the named user, or else for the user of the request. Empty if the program itself acts."""
    asking = getattr(_asking.get(), "user", None)
    if user_id is None and not username and asking is not None and asking.is_authenticated:
        user_id, username = asking.pk, asking.get_username()
    return {"user_id": user_id, "who": _fit(username), "address": _address()}


def _address() -> str:
    request = _asking.get()
    return "" if request is None else address_of(request)


def _fit(name: str) -> str:
    """Shorten a name to the column, and replace what PostgreSQL cannot store."""
    return name.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:150]


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
