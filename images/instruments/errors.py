"""The errors of a PC that is one of several instruments."""

from images.errors import LibraryError


class InstrumentError(LibraryError):
    """The root of the errors of instruments."""

    code = "instrument_error"
    todo = ""


class InstrumentTaken(InstrumentError):
    """Another process works under the id of this instrument now."""

    code = "instrument_taken"
    todo = (
        "On the one that is new, remove the file instrument-id from the data folder, and start the program again: it "
        "becomes an instrument of its own."
    )

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Another program works as the instrument {name} at this moment: two PCs have the same data folder, or a "
            "copy of it."
        )


class NameTaken(InstrumentError):
    """Another instrument has this name."""

    code = "instrument_name_taken"
    todo = "Set INSTRUMENT_NAME to another name."

    def __init__(self, name: str) -> None:
        super().__init__(f"Another instrument is called {name}.")
