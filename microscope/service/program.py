"""What the service starts: the interpreter, the folder, and the user."""

import os
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from microscope.service.errors import ServiceRefused

NAME = "microscope"
# A letter or a line's end that neither a unit nor a task can hold in a path.
FORBIDDEN = {chr(number) for number in range(32)}


@dataclass(frozen=True, slots=True)
class Program:
    """`folder` holds `manage.py` and `.env`. `user` owns the data folder. The service ends within `end_s` seconds."""

    interpreter: Path
    folder: Path
    data_path: Path
    user: str
    end_s: int

    def __post_init__(self) -> None:
        for path in (self.interpreter, self.folder, self.data_path):
            if FORBIDDEN & set(str(path)):
                raise ServiceRefused(
                    f"The path {str(path)!r} has a line break or another control character. Rename it."
                )

    @property
    def manage(self) -> Path:
        return self.folder / "manage.py"


def this_program(folder: Path, data_path: Path, end_s: int) -> Program:
    """Return this program with the interpreter that runs it now, which is that of its virtual environment."""
    # Not resolved: the link in the virtual environment is what leads to its packages.
    return Program(Path(sys.executable), folder, data_path, _owner_of(data_path), end_s)


def refuse_settings_of_terminal(names: Iterable[str], of_terminal: Collection[str]) -> None:
    """Raise ServiceRefused if one of these settings is a variable of this terminal: the service would run without
    it."""
    given = sorted(set(names).intersection(of_terminal))
    if given:
        raise ServiceRefused(
            f"{', '.join(given)} is set in this terminal, and the service would not see it. Write it to .env, "
            "beside manage.py, open a new terminal, and install again."
        )


def _owner_of(folder: Path) -> str:
    if sys.platform == "win32":
        return "\\".join(filter(None, (os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", ""))))
    import pwd

    number = folder.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run as a number without a name
        return str(number)
