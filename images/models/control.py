"""The row of control: who controls the camera, for people and for the next start."""

from django.conf import settings
from django.db import models


class CameraControl(models.Model):
    """One row for each instrument. Whoever takes control raises `fence` in one conditional UPDATE.

    Times are UTC. They are what people read; leases themselves run on a clock that nobody can set.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        SCRIPT = "script"
        JOB = "job"

    instrument = models.CharField(max_length=40, unique=True)
    fence = models.BigIntegerField(default=0)
    lease_id = models.UUIDField(null=True)
    holder_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    holder_name = models.CharField(max_length=300, blank=True)
    label = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, blank=True)
    job_id = models.BigIntegerField(null=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    share = models.BooleanField(default=True)
    note = models.CharField(max_length=80, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True)
    ask_message = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "control"
        verbose_name_plural = "control"
        default_permissions = []
        permissions = [("take_control", "Can take control of the camera from others")]

    def __str__(self) -> str:
        return f"{self.label or 'nobody'} controls {self.instrument}"
