"""The users, their former names, their personal tokens, and what became of their attempts to sign in."""

import itertools
import math
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction
from django.utils import timezone

from accounts.errors import TooManyAttempts
from folding.names import NamedModel, NamedQuerySet


class Users(UserManager.from_queryset(NamedQuerySet)):  # type: ignore[misc]
    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this name, in upper or lower case. Raises DoesNotExist."""
        return self.named(username or "").get()


class User(NamedModel, AbstractUser):
    """A person or a script. Their groups (viewers, operators, managers) decide what they may do.

    A user name can be changed, and given to another person later. The lasting id never changes: files name a person
    by it.
    """

    NAME = "username"

    lasting_id = models.UUIDField(
        "lasting ID",
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text="Images and their files name this person by it, whatever the user name is. It never changes.",
    )

    objects: ClassVar[Users] = Users()

    # The permissions that a personal token allows its user in this request. None: the user has signed in.
    limited_to: frozenset[str] | None = None

    class Meta(AbstractUser.Meta):
        ordering = ["folded_name"]

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return True if the user has the permission, and the token of the request, if there is one, leaves it."""
        return (self.limited_to is None or perm in self.limited_to) and super().has_perm(perm, obj)

    def has_own_perm(self, perm: str) -> bool:
        """Like `has_perm`, whatever the token of the request leaves."""
        return super().has_perm(perm)

    def save(self, *args: Any, **options: Any) -> None:
        """Save the user, and remember a name that the user gives up. Correct also if two people rename at once."""
        with transaction.atomic():
            name_before = None if self.pk is None else self._lock_name()
            super().save(*args, **options)
            if name_before not in (None, self.username):
                FormerName.objects.get_or_create(user=self, username=name_before)

    def _lock_name(self) -> str | None:
        """Lock the row, so that the name in it is the one that a save replaces."""
        saved = type(self).objects.select_for_update().filter(pk=self.pk)
        return saved.values_list("username", flat=True).first()

    @classmethod
    def name_for_restored(cls, name: str) -> str:
        """Return a free user name for a person who was called `name`: `admin-restored`, `admin-restored-2`, ..."""
        endings = itertools.chain(["-restored"], (f"-restored-{number}" for number in itertools.count(2)))
        names = (name[: 150 - len(ending)] + ending for ending in endings)
        return next(free for free in names if not cls.objects.named(free).exists())

    @property
    def display_name(self) -> str:
        """The name that other users see."""
        return self.get_full_name() or self.get_username()


class FormerName(models.Model):
    """A user name that a user had before. Older files name people by the user name alone. The program believes such a
    name only if no other user ever had it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_names")
    username = models.CharField(max_length=150, db_index=True)

    class Meta:
        db_table = "former_user_names"
        constraints = [models.UniqueConstraint(fields=["user", "username"], name="former_user_names_once")]

    def __str__(self) -> str:
        return self.username


class PersonalToken(models.Model):
    """A token that a script shows instead of the password of its user. The row holds a hash of the secret, so that
    nobody who reads the database or a backup can use the token."""

    class Scope(models.TextChoices):
        VIEW = "view", "watch, download"
        CAPTURE = "capture", "watch, download, capture"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="personal_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, help_text="The first characters of the token, to tell tokens apart.")
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=10, choices=Scope)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=45, blank=True, help_text="The address of the newest use.")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "personal_tokens"
        default_permissions = []
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def ended_at(self) -> datetime | None:
        """When the token was revoked or expired; None while it can be used."""
        return self.revoked_at or (self.expires_at if self.is_expired else None)

    @property
    def days_left(self) -> int:
        """The whole days until the token expires, counted up: 1 on its last day."""
        return math.ceil((self.expires_at - timezone.now()) / timedelta(days=1))

    def has_ended(self) -> bool:
        """Read the row again, and return True if the token can no longer be used. Long streams ask this."""
        living = PersonalToken.objects.filter(pk=self.pk, revoked_at=None, expires_at__gt=timezone.now())
        return not living.exists()


class AttemptTally(models.Model):
    """The number of failed sign-ins of one kind, since the first of them. The key is a hash of kind, address and name,
    so that the table names nobody."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "sign_in_attempts"

    def __str__(self) -> str:
        return f"{self.failures} since {timezone.localtime(self.since):%Y-%m-%d %H:%M %Z}"

    def is_over(self, window: timedelta) -> bool:
        return self.since <= timezone.now() - window

    def require_room(self, most: int, window: timedelta) -> None:
        """Raise TooManyAttempts if `most` attempts failed within the window."""
        if self.failures >= most and not self.is_over(window):
            # Never longer than the window, even if the clock was set back since.
            left = min(self.since + window - timezone.now(), window)
            raise TooManyAttempts(math.ceil(max(left.total_seconds(), 1)))


class UsedRefreshToken(models.Model):
    """What became of a refresh token: the pair that replaced it, or no pair after a sign-out. Tokens are named by their
    numbers (`jti`). Only one request can insert the row, so only one exchange succeeds."""

    jti = models.CharField(max_length=255, primary_key=True)
    refresh_jti = models.CharField(max_length=255, default="", db_index=True)
    access_jti = models.CharField(max_length=255, default="")
    used_at = models.DateTimeField()

    class Meta:
        db_table = "used_refresh_tokens"

    def __str__(self) -> str:
        return f"used {self.used_at:%Y-%m-%d %H:%M}"

    @property
    def has_successor(self) -> bool:
        return bool(self.refresh_jti)
