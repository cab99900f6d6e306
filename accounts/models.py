"""Who uses the program. A model of our own from the first migration on, so that it can grow."""

import math
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from accounts.errors import TooManyAttempts


class User(AbstractUser):
    """A person or a script. What they may do comes from their groups: viewers, operators, managers."""

    @property
    def display_name(self) -> str:
        """As others are told of this person."""
        return self.get_full_name() or self.get_username()


class AttemptTally(models.Model):
    """How many attempts to sign in failed, of one kind, since the first of them. The key is a hash of the rest."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "sign_in_attempts"

    def __str__(self) -> str:
        return f"{self.failures} since {self.since:%Y-%m-%d %H:%M}"

    def is_over(self, window: timedelta) -> bool:
        return self.since <= timezone.now() - window

    def demand_room(self, most: int, window: timedelta) -> None:
        """Raise TooManyAttempts where that many failed within the window."""
        if self.failures >= most and not self.is_over(window):
            left = self.since + window - timezone.now()
            raise TooManyAttempts(math.ceil(max(left.total_seconds(), 1)))
