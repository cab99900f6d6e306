"""The rows of the audit log."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from folding.fields import FoldedField
from microscope.events.webhook import Webhook as Webhook  # Django looks for models here


class AuditEntry(models.Model):
    """One thing that somebody did. Only microscope/audit.py writes entries. Nobody changes or deletes one.

    User and image may be gone since, so the entry also holds their names.
    """

    class What(models.TextChoices):
        CAPTURED = "captured"
        ADOPTED = "adopted"
        CHANGED = "changed"
        BINNED = "binned"
        RESTORED = "restored"
        REMOVED = "removed"
        EMPTIED = "emptied", "Emptied the bin"
        EVICTED = "evicted", "Moved originals to the store alone"
        CLOCK_CONFIRMED = "clock_confirmed", "Confirmed the clock"
        JOB_PLANNED = "job_planned", "Planned a job"
        JOB_BEGUN = "job_begun", "Began a job"
        JOB_PAUSED = "job_paused", "Paused a job"
        JOB_CONTINUED = "job_continued", "Continued a job"
        JOB_RESUMED = "job_resumed", "Resumed a job"
        JOB_MOVED = "job_moved", "Moved a job in the queue"
        JOB_STOPPED = "job_stopped", "Stopped a job"
        CONTROL_TAKEN = "control_taken", "Took control"
        CONTROL_KEPT = "control_kept", "Kept control"
        CONTROL_ASKED = "control_asked", "Asked for control"
        CONTROL_WITHDRAWN = "control_withdrawn", "Asked no longer for control"
        CONTROL_GIVEN = "control_given", "Gave control"
        CONTROL_DENIED = "control_denied", "Did not give control"
        CONTROL_TAKEN_OVER = "control_taken_over", "Took control from another"
        CONTROL_RELEASED = "control_released", "Released control"
        CONTROL_LAPSED = "control_lapsed", "Control ended by itself"
        JOB_FINISHED = "job_finished", "Finished a job"
        JOB_FAILED = "job_failed", "Failed a job"
        SIGNED_IN = "signed_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Failed to sign in"
        SIGNED_OUT = "signed_out", "Signed out"
        PASSWORD_CHANGED = "password_changed", "Password changed"
        USER_ADDED = "user_added", "User added"
        USER_CHANGED = "user_changed", "User changed"
        USER_DELETED = "user_deleted", "User deleted"
        ROLE_CHANGED = "role_changed", "Role changed"
        ROLE_DELETED = "role_deleted", "Role deleted"
        JOB_DELETED = "job_deleted", "Job deleted"
        TOKEN_MADE = "token_made", "Made a token"
        TOKEN_REVOKED = "token_revoked", "Revoked a token"
        LINK_MADE = "link_made", "Made a share link"
        LINK_OPENED = "link_opened", "Opened a share link"
        LINK_REVOKED = "link_revoked", "Revoked a share link"

    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    who = models.CharField(max_length=150, blank=True, help_text="The name given; empty for the program itself.")
    address = models.CharField(max_length=45, blank=True, help_text="Where the request came from.")
    what = models.CharField(max_length=20, choices=What)
    image_id = models.BigIntegerField(null=True, help_text="Number of the image.")
    object = models.CharField(
        max_length=150, blank=True, help_text="File name of the image, or name of the user, role, job or token."
    )
    details = models.JSONField(default=dict)
    search_text = FoldedField(of=["who", "object"], help_text="Both names, folded for the search.")

    class Meta:
        db_table = "audit"
        verbose_name_plural = "audit entries"
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["what", "id"], name="audit_what"),
            models.Index(fields=["user", "id"], name="audit_user"),
            models.Index(fields=["image_id"], name="audit_image"),
        ]

    def __str__(self) -> str:
        return f"{self.who or 'the program'} {self.get_what_display().lower()} {self.object}".strip()


class AuditDay(models.Model):
    """The newest entry when a run day was counted. It gives entries an age that no wrong clock can change."""

    run_day = models.PositiveIntegerField(unique=True)
    last_entry_id = models.BigIntegerField()

    class Meta:
        db_table = "audit_days"
        default_permissions = []

    def __str__(self) -> str:
        return f"day {self.run_day}: up to {self.last_entry_id}"
