"""Reads all instruments at once: their state, who controls them, and which job they run. It takes the same few queries,
however many instruments and images there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from folding import alphabetical
from images.control.lease import Lease
from images.control.rows import look_at_leases
from images.models import Instrument, Job
from images.overview.camera_sign import CameraSign, read_camera_sign


@dataclass(frozen=True, slots=True)
class InstrumentNow:
    """An instrument at the moment `read_at`, by the clock of the database, as is `row.last_seen_at`. `lease`: None if
    nobody controls it, or if that is not known because the instrument is lost."""

    row: Instrument
    read_at: datetime
    camera: CameraSign
    lease: Lease | None
    job: Job | None

    @property
    def is_lost(self) -> bool:
        return self.row.is_lost(self.read_at)


def read_instruments() -> list[InstrumentNow]:
    """Return all instruments but those that are retired, in the order of their names."""
    rows = list(Instrument.objects.defer("picture").annotate(read_at=Now()).order_by())
    ids = [row.pk for row in rows]
    leases, jobs = look_at_leases(ids, timezone.now()), _find_active_jobs(ids)
    rows.sort(key=lambda row: alphabetical(row.name))
    described = [_describe(row, leases.get(row.pk), jobs.get(row.pk)) for row in rows]
    return [one for one in described if not one.camera.is_retired]


def _describe(row: Instrument, lease: Lease | None, job: Job | None) -> InstrumentNow:
    now = InstrumentNow(row, row.read_at, read_camera_sign(row.camera), lease, job)  # type: ignore[attr-defined]
    return InstrumentNow(now.row, now.read_at, now.camera, None, job) if now.is_lost else now


def _find_active_jobs(ids: Iterable[UUID]) -> dict[UUID | None, Job]:
    active = Job.objects.with_plan().filter(instrument__in=ids, state__in=Job.ACTIVE, anchor_at__isnull=False)
    return {job.instrument_id: job for job in active.order_by("pk")}
