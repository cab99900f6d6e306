"""Who uses the program. A model of our own from the first migration on, so that it can grow."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person or a script. What they may do comes from their groups: viewers, operators, managers."""
