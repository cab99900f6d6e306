"""What can go wrong with the export of a job."""

from images.errors import JobError


class NothingToExport(JobError):
    """No picture of the job can be exported."""

    code = "nothing_to_export"


class ExportTooLarge(JobError):
    """The export would be larger than its format or the memory allows."""

    code = "export_too_large"


class ExportChoiceMissing(JobError):
    """A file of this format cannot hold everything, and the request does not choose a part."""

    code = "export_choice_missing"


class PicturesDiffer(JobError):
    """The pictures of the job differ in size, depth or colour, so that they make no stack."""

    code = "pictures_differ"


class MovieUnavailable(JobError):
    """The program that makes movies of this format is not installed."""

    code = "movie_unavailable"


class MovieFailed(JobError):
    """The movie could not be made, or not in time."""

    code = "movie_failed"


class ExportBusy(JobError):
    """Other movies are being made, and it is not this one's turn in time."""

    code = "export_busy"
