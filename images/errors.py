"""What can go wrong with the library. The classes are named by cause, as in `camera.errors`. They do not know HTTP:
microscope/errors.py gives each class its status."""

from typing import Any

from django.db import DatabaseError, InterfaceError

# Django raises one of these if the database does not answer, or refuses. InterfaceError is not a DatabaseError.
DATABASE_AWAY = (DatabaseError, InterfaceError)


class LibraryError(Exception):
    """The root of the family. `fields` names the fields of a request that are to blame, if any."""

    code = "library_error"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class StorageUnavailable(LibraryError):
    """No image can be saved in the folder for images."""

    code = "storage_unavailable"


class DiskFull(StorageUnavailable):
    """The disk has less free space than the reserve."""

    code = "disk_full"


class StorageMissing(StorageUnavailable):
    """The folder is not there, or lacks its marker. Without the marker it may be an empty mount point."""

    code = "storage_missing"


class StorageNotWritable(StorageUnavailable):
    """The operating system refuses to write into the folder."""

    code = "storage_not_writable"


class OriginalMissing(LibraryError):
    """An image has a row, but its file is missing."""

    code = "original_missing"


class OriginalChanged(LibraryError):
    """The file of an original holds other bytes than those that were saved."""

    code = "original_changed"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"The file {filename} was changed after it was saved, so it is not used any more. "
            "Ask a manager to restore the original from the backup."
        )


class OriginalLost(OriginalMissing):
    """An original was only in the store, and the store has lost it."""

    code = "original_lost"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"The store has lost {filename}, and it is not on this PC. Ask a manager to bring it back from a backup, "
            "or from an older version in the store."
        )


class OriginalChangedInStore(OriginalChanged):
    """An original is only in the store, and the store gives other bytes."""

    code = "original_changed_in_store"

    def __init__(self, filename: str) -> None:
        LibraryError.__init__(
            self,
            f"The store gives other bytes of {filename} than were put there, so they are not used. Ask a manager to "
            "bring it back from a backup, or from an older version in the store.",
        )


class OriginalAway(LibraryError):
    """An original is in the store, and the store does not give it now."""

    code = "original_away"

    def __init__(self, filename: str, why: str) -> None:
        super().__init__(f"{filename} is in the store, and cannot be fetched now. {why} Try again later.")


class NotHereYet(OriginalAway):
    """An original is only on the disk of another instrument, and has been asked for. `details` are part of the HTTP
    response."""

    code = "not_here_yet"

    def __init__(self, message: str, details: dict[str, Any]) -> None:
        LibraryError.__init__(self, message)
        self.details = details


class ChangesAway(StorageUnavailable):
    """The changes of a picture of another instrument are in the store, which cannot be read or written now."""

    code = "changes_away"


class EvictionRefused(LibraryError):
    """Originals are to leave this PC, and the settings or the store do not allow it."""

    code = "eviction_refused"


class NotAnOriginal(LibraryError):
    """A file holds no record of this program."""

    code = "not_an_original"


class ImpossibleName(NotAnOriginal, OriginalMissing):
    """A row names a file as this program never does, so there is no original of that name."""

    code = "impossible_name"


class DamagedSidecar(LibraryError):
    """A sidecar cannot be read, or belongs to another image."""

    code = "damaged_sidecar"


class UnknownJob(LibraryError):
    """A capture names a job that does not exist."""

    code = "unknown_job"


class BadQuery(LibraryError):
    """A filter or a cursor of a search is invalid."""

    code = "bad_query"


class ScaleUnknown(LibraryError):
    """A request needs the scale of an image, and the scale is unknown."""

    code = "scale_unknown"


class LinkInvalid(LibraryError):
    """A signed link to an image is wrong, has expired, or belongs to another image."""

    code = "link_invalid"


class BadIdempotencyKey(LibraryError):
    """The Idempotency-Key of a request has an invalid form."""

    code = "bad_idempotency_key"


class IdempotencyKeyReused(LibraryError):
    """Two different requests carry the same Idempotency-Key."""

    code = "idempotency_key_reused"


class EditConflict(LibraryError):
    """Somebody else made a change after the client last read the object. `details` are part of the HTTP response:
    the current values."""

    code = "edit_conflict"

    def __init__(self, message: str, current: dict[str, Any]) -> None:
        super().__init__(message)
        # The client shows the other person's values beside the user's own.
        self.details = {"current": current}


class ImageMissing(LibraryError):
    """No image has this id."""

    code = "not_found"

    def __init__(self, image_id: int) -> None:
        super().__init__(f"There is no image {image_id}.")


class NotYours(LibraryError):
    """The image belongs to somebody else, and the user is no manager."""

    code = "not_yours"


class NotInBin(LibraryError):
    """An image is to be deleted for good, but is not in the bin."""

    code = "not_in_bin"

    def __init__(self) -> None:
        super().__init__("Only images in the bin can be deleted for good. Move the image to the bin first.")


class ObjectiveMissing(LibraryError):
    """No objective has this id."""

    code = "no_such_objective"

    def __init__(self, objective_id: object) -> None:
        super().__init__(f"There is no objective {objective_id}.")


class UnfitObjective(LibraryError):
    """An objective cannot be added, changed or chosen as requested."""

    code = "unfit_objective"


class BadCalibration(LibraryError):
    """No calibration can be made from this image, line and length."""

    code = "bad_calibration"


class CalibrationFixed(LibraryError):
    """Somebody tries to change a calibration."""

    code = "calibration_fixed"

    def __init__(self) -> None:
        super().__init__("A calibration cannot be changed. Calibrate again: the new calibration replaces it.")


class JobError(LibraryError):
    """The root of the errors of jobs."""

    code = "job_error"


class DamagedJobFile(JobError):
    """The file of a job cannot be read."""

    code = "damaged_job_file"


class JobMissing(JobError):
    """No job has this id."""

    code = "no_such_job"

    def __init__(self, job_id: int) -> None:
        super().__init__(f"There is no job {job_id}.")


class NotYourJob(JobError):
    """The job belongs to somebody else, and the user is no manager."""

    code = "not_your_job"

    def __init__(self) -> None:
        super().__init__("This is somebody else's job. Ask them or a manager.")


class JobElsewhere(JobError):
    """The job uses the camera of another instrument."""

    code = "job_elsewhere"

    def __init__(self, instrument: str, url: str) -> None:
        there = f" Open it there: {url}" if url else ""
        super().__init__(f"This job runs at {instrument}.{there}")


class JobEnded(JobError):
    """The job has ended, so it cannot be paused, continued or stopped."""

    code = "job_ended"


class PlanTooFast(JobError):
    """A round takes longer than the interval, and the plan does not say what to do in that case."""

    code = "plan_too_fast"


class NotEnoughSpace(JobError):
    """The pictures of the plan need more space than the disk has above its reserve."""

    code = "not_enough_space"
