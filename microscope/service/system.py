"""The programs of the system that keep services. Tests replace this one object."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from microscope.service.errors import ServiceRefused

PATIENCE_S = 120
ENCODING = "oem" if os.name == "nt" else "utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code of a program, and what it printed."""

    code: int
    text: str

    @property
    def is_well(self) -> bool:
        return self.code == 0


class System:
    """Runs the system's own programs, and says who runs this one."""

    @property
    def has_systemd(self) -> bool:
        """Return True if systemd runs this PC. A container may have its programs without it."""
        return Path("/run/systemd/system").is_dir() and shutil.which("systemctl") is not None

    @property
    def is_root(self) -> bool:
        return hasattr(os, "geteuid") and os.geteuid() == 0

    def run(self, *command: str) -> Answer:
        """Run the program to its end. Raises ServiceRefused if there is none."""
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, encoding=ENCODING, errors="replace", timeout=PATIENCE_S
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise ServiceRefused(f"{command[0]} cannot be run: {problem}.") from problem
        return Answer(done.returncode, (done.stdout + done.stderr).strip())

    def run_or_refuse(self, *command: str) -> Answer:
        """Like `run`. Raises ServiceRefused with the program's own words if it failed."""
        answer = self.run(*command)
        if not answer.is_well:
            raise ServiceRefused(f"{' '.join(command)} failed: {answer.text or f'exit code {answer.code}'}")
        return answer
