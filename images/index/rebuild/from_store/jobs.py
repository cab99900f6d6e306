"""Restores jobs from the parts of their files in the store."""

from collections.abc import Callable, Iterator
from uuid import UUID

from images.archive.archive import Archive
from images.archive.names import Location
from images.archive.staging import stage, unstage
from images.index.rebuild.from_store.fetcher import Fetcher
from images.index.rebuild.from_store.numbered import Numbered, list_numbered
from images.index.rebuild.restore_jobs import FindUser, restore_job_file
from images.models import Job
from images.store.client import Store
from images.store.errors import ObjectMissing, StoreWrongBytes
from images.store.keys import JOBS, read_job_key

Report = Callable[[str], None]


def restore_stored_jobs(
    store: Store,
    fetcher: Fetcher,
    archive: Archive,
    find_user: FindUser,
    find_instrument: Callable[[UUID], UUID | None],
    report: Report,
) -> Iterator[str | None]:
    """Restore the jobs whose files are in the store. Yields for each job its name if it is new, else None. The jobs
    whose files were read before stay as they are. Raises StoreError, StorageUnavailable, and Django's DatabaseError."""
    for lasting_id, parts in list_numbered(store, JOBS, read_job_key, "a part of a job", report):
        # `created_at` is the earliest that is known: the job had begun by then.
        if Job.objects.filter(lasting_id=lasting_id, anchor_at__isnull=False).exists():
            yield None
            continue
        yield _restore_job(lasting_id, parts, fetcher, archive, find_user, find_instrument, report)


def _restore_job(
    lasting_id: UUID,
    parts: Numbered,
    fetcher: Fetcher,
    archive: Archive,
    find_user: FindUser,
    find_instrument: Callable[[UUID], UUID | None],
    report: Report,
) -> str | None:
    location = Location("", f"{lasting_id}.jsonl")
    contents = dict(_read_parts(parts, fetcher, report))
    count = max(parts) + 1
    if missing := [str(number) for number in range(count) if number not in contents]:
        report(f"Of the file of job {lasting_id} these parts are missing: {', '.join(missing)}.")
    # Each line is complete by itself, so the lines after a missing part still count.
    stage(archive, location, lambda file: file.writelines(content for _, content in sorted(contents.items())))
    try:
        restored = restore_job_file(archive, location, find_user, report, lambda said: _find(said, find_instrument))
    finally:
        unstage(archive, location)
    if restored is None:
        return None
    job, is_new = restored
    size_bytes = sum(len(content) for content in contents.values())
    Job.objects.filter(pk=job.pk).update(stored_parts=count, stored_bytes=size_bytes)
    # Note all parts as stored: as far as the store knows, nothing more comes.
    Job.objects.filter(pk=job.pk, ended_at__isnull=False).update(is_file_stored=True)
    return job.name if is_new else None


def _read_parts(parts: Numbered, fetcher: Fetcher, report: Report) -> Iterator[tuple[int, bytes]]:
    for number, listed in parts.items():
        try:
            yield number, fetcher.read(listed)
        except (ObjectMissing, StoreWrongBytes) as problem:
            report(f"{listed.key}: {problem}")


def _find(said: str, find_instrument: Callable[[UUID], UUID | None]) -> UUID | None:
    """Return the instrument that a file of a job names. If a PC shared its library with no other, its files name none.
    Files of earlier versions hold a name instead of an id."""
    try:
        return find_instrument(UUID(said))
    except ValueError:
        return None
