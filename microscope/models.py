"""What was done, by whom, from where."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """One deed. Written by microscope/audit.py alone; nobody changes or deletes one.

    User and image may be gone by now: their names stand beside their numbers.
    """

    class What(models.TextChoices):
        CAPTURED = "captured"
        ADOPTED = "adopted"
        CHANGED = "changed"
        BINNED = "binned"
        RESTORED = "restored"
        REMOVED = "removed"
        EMPTIED = "emptied", "Emptied the bin"
        SIGNED_IN = "signed_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Failed to sign in"
        SIGNED_OUT = "signed_out", "Signed out"
        PASSWORD_CHANGED = "password_changed", "Password changed"
        USER_ADDED = "user_added", "User added"
        USER_CHANGED = "user_changed", "User changed"
        USER_DELETED = "user_deleted", "User deleted"
        ROLE_CHANGED = "role_changed", "Role changed"

    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    who = models.CharField(max_length=150, blank=True, help_text="The name given; empty for the program itself.")
    address = models.CharField(max_length=45, blank=True, help_text="Where the request came from.")
    what = models.CharField(max_length=20, choices=What)
    image_id = models.BigIntegerField(null=True, help_text="Number of the image.")
    object = models.CharField(max_length=150, blank=True, help_text="File name of the image, or name of the user.")
    details = models.JSONField(default=dict)

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
