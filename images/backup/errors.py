"""The errors of backups, named by cause."""

from images.errors import LibraryError


class BackupError(LibraryError):
    """A backup, a restore or a drill cannot be done, or cannot go on."""

    code = "backup_failed"


class BackupFolderUnusable(BackupError):
    """The folder of backups cannot be read or written."""

    code = "backup_folder_unusable"


class BackupDiskFull(BackupError):
    """The disk of the backups is full."""

    code = "backup_disk_full"


class BackupDamaged(BackupError):
    """A backup is unfinished, or differs from its manifest."""

    code = "backup_damaged"


class PlaceNotEmpty(BackupError):
    """The place for the restore holds a library already."""

    code = "place_not_empty"


class DatabaseProgramMissing(BackupError):
    """PostgreSQL's own program for copying a database is missing, or is older than its server."""

    code = "database_program_missing"
