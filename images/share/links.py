"""Share links for people without an account: they are made, opened, counted and revoked.

The token in the address is a random key with a signature, as with the other links. So the maker can copy the link
again, and the database alone opens nothing.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from images.errors import JobMissing
from images.events import emit
from images.models import Image, ImageQuerySet, Job, ShareLink
from images.permissions import CHANGE_ANY, SHARE, VIEW, may_end_link
from images.share.errors import NothingToShare, NotYourShareLink, ShareLinkEnded, ShareLinkMissing

MAX_IMAGES = 500
MAX_LISTED = 50
# What the maker may choose to show beside the picture, its scale and its time.
PARTS = ["sample", "note", "settings", "person"]
OPENING_IS_NOTED_EVERY = timedelta(hours=1)

# The salt keeps signatures of other purposes from being accepted here.
_signer = Signer(salt="images.share", sep=".")


@transaction.atomic
def make_share_link(
    by: Any,
    *,
    image_ids: list[int] | None = None,
    job_id: int | None = None,
    days: int,
    may_load: str,
    shows: list[str],
) -> ShareLink:
    """Make a link to these images, or to all pictures of the job. Raises NothingToShare and JobMissing."""
    images = _find_images(image_ids or []) if job_id is None else []
    job = None if job_id is None else _find_job(job_id)
    now = timezone.now()
    link = ShareLink.objects.create(
        key=secrets.token_urlsafe(16),
        made_by=by,
        job=job,
        may_load=may_load,
        shows=[part for part in PARTS if part in shows],
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    link.images.set(images)
    details = _describe(link) | {"ends": link.expires_at.isoformat(), "mayLoad": may_load, "shows": link.shows}
    emit("link_made", [(image.pk, image.filename) for image in images] if images else None, by, details=details)
    return link


def path_of(link: ShareLink) -> str:
    return reverse("shared", args=[_signer.sign(link.key)])


def find_share_link(token: str) -> ShareLink:
    """Return the link of the token. Raises ShareLinkEnded if it opens nothing, whatever the reason."""
    try:
        key = _signer.unsign(token)
    except BadSignature as problem:
        raise ShareLinkEnded() from problem
    link = ShareLink.objects.select_related("made_by", "job").filter(key=key).first()
    if link is None or has_ended(link):
        raise ShareLinkEnded()
    return link


def has_ended(link: ShareLink) -> bool:
    """Return True if the link opens nothing. Its maker's rights count as they are now, as with the other links."""
    maker = link.made_by
    return bool(
        link.revoked_at or link.has_expired or not (maker.is_active and maker.has_perm(VIEW) and maker.has_perm(SHARE))
    )


def pictures_of(link: ShareLink) -> ImageQuerySet:
    """Return the images that the link shows now, the oldest first. What is in the bin is not shown."""
    chosen = Q(share_links=link) if link.job_id is None else Q(job=link.job_id)
    return Image.objects.filter(chosen).not_binned().oldest_first()


def note_opening(link: ShareLink) -> None:
    """Count one opening. The audit log gets an entry at most once an hour, with the count: a link that is passed
    around must not fill it."""
    now = timezone.now()
    is_due = link.last_opened_at is None or abs(now - link.last_opened_at) >= OPENING_IS_NOTED_EVERY
    with transaction.atomic():
        counted = ShareLink.objects.filter(pk=link.pk)
        if not is_due:
            counted.update(opened_count=F("opened_count") + 1)
            return
        counted.update(opened_count=F("opened_count") + 1, last_opened_at=now)
        emit(
            "link_opened", username="whoever has the link", details=_describe(link) | {"opened": link.opened_count + 1}
        )


def list_share_links(person: Any, *, image_id: int | None = None, job_id: int | None = None) -> list[ShareLink]:
    """Return the newest links, those that have ended last: to this image or job, by whomever they are; or else those
    that the user may revoke."""
    links = ShareLink.objects.with_related()
    if image_id is not None:
        # By ids: a join would spoil the count of images.
        links = links.filter(pk__in=ShareLink.images.through.objects.filter(image_id=image_id).values("sharelink_id"))
    elif job_id is not None:
        links = links.filter(job=job_id)
    else:
        links = links if person.has_perm(CHANGE_ANY) else links.filter(made_by=person)
    found: list[ShareLink] = list(links[:MAX_LISTED])
    makers: dict[int, Any] = {}
    for link in found:
        # One object for each maker: it looks its permissions up once.
        link.made_by = makers.setdefault(link.made_by_id, link.made_by)
    return sorted(found, key=has_ended)


def revoke_share_link(link_id: int, by: Any) -> None:
    """End the link at once. Does nothing if it is revoked already. Raises ShareLinkMissing and NotYourShareLink."""
    with transaction.atomic():
        link = ShareLink.objects.select_for_update().filter(pk=link_id).first()
        if link is None:
            raise ShareLinkMissing(link_id)
        if not may_end_link(by, link):
            raise NotYourShareLink()
        if link.revoked_at:
            return
        ShareLink.objects.filter(pk=link_id).update(revoked_at=timezone.now(), revoked_by=by)
        emit("link_revoked", by=by, details=_describe(link) | {"opened": link.opened_count})


def _find_images(image_ids: list[int]) -> list[Image]:
    found = list(Image.objects.filter(pk__in=image_ids).not_binned().only("pk", "filename"))
    if not found or len(found) < len(set(image_ids)):
        missing = sorted(set(image_ids) - {image.pk for image in found})
        named = ", ".join(map(str, missing[:10]))
        raise NothingToShare(f"These images do not exist or are in the bin: {named}. No link was made.")
    return found


def _find_job(job_id: int) -> Job:
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise JobMissing(job_id)
    return job


def _describe(link: ShareLink) -> dict[str, object]:
    return {"link": link.pk, "job": link.job.name if link.job else None}
