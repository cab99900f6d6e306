"""Why a PC cannot join or leave a shared library, or why a disk cannot be adopted."""

from pathlib import Path

from images.errors import LibraryError


def explain(problem: Exception) -> str:
    """Return what is wrong, and what to do if the error knows it, in sentences."""
    return f"{str(problem).strip()} {getattr(problem, 'todo', '')}".strip()


class MovingError(LibraryError):
    """The root of the family."""

    code = "moving_error"


class NotYourRows(MovingError):
    """The database has images of a PC that was alone, and that PC is another one, or nobody can tell which one."""

    code = "not_your_rows"


class NotALoneLibrary(MovingError):
    """The file holds no library of a PC that was alone, or one of another version."""

    code = "not_a_lone_library"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be brought over: {why}")


class OtherBucket(MovingError):
    """Some originals of this PC are only in its own store, and not in the shared one."""

    code = "other_bucket"


class NotADataFolder(MovingError):
    """The folder is not the data folder of an instrument."""

    code = "not_a_data_folder"


class InstrumentLives(MovingError):
    """The instrument whose disk is to be adopted works at this moment."""

    code = "instrument_lives"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The instrument {name} works at this moment, and sends its pictures itself. Only the disk of a PC that is "
            "dead can be adopted. If this is a copy of its disk, leave it."
        )


class LeaseLost(MovingError):
    """Another process works under the id of the instrument now."""

    code = "lease_lost"

    def __init__(self) -> None:
        super().__init__("Another program works under the id of this instrument now. Stop it, and run this again.")


class StillWaiting(MovingError):
    """Pictures of this PC are not in the shared library yet."""

    code = "still_waiting"


class NotEmpty(MovingError):
    """There is a database already at the place of the new one."""

    code = "not_empty"
