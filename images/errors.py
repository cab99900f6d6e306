"""What can go wrong with the library, named by cause. Shaped as `camera.errors`; none knows HTTP."""

from django.db import DatabaseError, InterfaceError

# What Django raises when the database does not answer, or refuses.
DATABASE_AWAY = (DatabaseError, InterfaceError)


class LibraryError(Exception):
    """The root of the family. `fields` names the fields of a request that are to blame, if any."""

    code = "library_error"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class StorageUnavailable(LibraryError):
    """Nothing can be kept where the images belong."""

    code = "storage_unavailable"


class DiskFull(StorageUnavailable):
    """Less space is left than is kept in reserve."""

    code = "disk_full"


class StorageMissing(StorageUnavailable):
    """The folder, or the marker that tells it from an empty mount point, is not there."""

    code = "storage_missing"


class StorageNotWritable(StorageUnavailable):
    """The system refuses to write there."""

    code = "storage_not_writable"


class OriginalMissing(LibraryError):
    """The row is there and its file is not."""

    code = "original_missing"


class NotAnOriginal(LibraryError):
    """A file that carries no record of this program."""

    code = "not_an_original"


class DamagedChanges(LibraryError):
    """A changes file that cannot be understood, or speaks of another image."""

    code = "damaged_changes"


class UnknownJob(LibraryError):
    """A capture names a job that does not exist."""

    code = "unknown_job"


class BadQuery(LibraryError):
    """A filter or a cursor makes no sense."""

    code = "bad_query"


class ScaleUnknown(LibraryError):
    """Something is asked for that needs a scale, of an image that has none."""

    code = "scale_unknown"


class LinkInvalid(LibraryError):
    """A link that opens one image for a short time is wrong, too old, or for another image."""

    code = "link_invalid"


class BadIdempotencyKey(LibraryError):
    """A request's key is not one."""

    code = "bad_idempotency_key"


class IdempotencyKeyReused(LibraryError):
    """One key for two different requests."""

    code = "idempotency_key_reused"


class ImageMissing(LibraryError):
    """There is no row of that number."""

    code = "not_found"

    def __init__(self, image_id: int) -> None:
        super().__init__(f"There is no image {image_id}.")


class NotYours(LibraryError):
    """Somebody else's image, and no manager who asks."""

    code = "not_yours"


class ObjectiveMissing(LibraryError):
    """There is no objective of that id."""

    code = "no_such_objective"

    def __init__(self, objective_id: object) -> None:
        super().__init__(f"There is no objective {objective_id}.")


class UnfitObjective(LibraryError):
    """An objective cannot be added, changed or chosen like that."""

    code = "unfit_objective"


class BadCalibration(LibraryError):
    """Image, line and length make no calibration."""

    code = "bad_calibration"


class CalibrationFixed(LibraryError):
    """Somebody tries to change a calibration."""

    code = "calibration_fixed"

    def __init__(self) -> None:
        super().__init__("A calibration is never changed. Calibrate anew: the new one supersedes it.")
