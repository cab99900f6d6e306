"""Share links: doors for people without an account, each to some pictures and for some days."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from images.models.images import Image
from images.models.jobs import Job

MAX_DAYS = 90
MAX_CLOCK_ERROR = timedelta(minutes=1)


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def with_related(self) -> "ShareLinkQuerySet":
        return self.select_related("made_by", "revoked_by", "job").annotate(picture_count=models.Count("images"))


class ShareLink(models.Model):
    """A link to chosen images, or to all pictures of a job. Its address is the key with a signature: whoever reads the
    database or a backup cannot make it."""

    class MayLoad(models.TextChoices):
        NOTHING = "nothing"
        COPY = "copy"
        ORIGINAL = "original"

    key = models.CharField(max_length=43, unique=True, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="share_links")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, related_name="share_links")
    images = models.ManyToManyField(Image, related_name="share_links", db_table="share_link_images")
    may_load = models.CharField(max_length=10, choices=MayLoad)
    shows = models.JSONField(default=list, help_text="What is shown beside the picture and its scale.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_count = models.PositiveBigIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        db_table = "share_links"
        default_permissions = []
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"share link {self.pk}"

    @property
    def has_expired(self) -> bool:
        """Return True after the last day. True also if the link lasts longer than any link can: then it was made while
        the clock was ahead, and its last day is unknown."""
        left = self.expires_at - timezone.now()
        return left <= timedelta(0) or left > timedelta(days=MAX_DAYS) + MAX_CLOCK_ERROR
