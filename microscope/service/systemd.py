"""The service on Linux: a unit of systemd, of this user or of the whole system."""

import os
import re
from pathlib import Path

from camera.durable_files import replace_file
from microscope.service.errors import ServiceRefused
from microscope.service.program import NAME, Program
from microscope.service.system import System

UNIT = f"{NAME}.service"
SYSTEM_FOLDER = Path("/etc/systemd/system")
STARTED = re.compile(r"^WorkingDirectory=(.*)$", re.MULTILINE)
RUNS, STANDS_STILL = 0, 3


def write_unit(program: Program, for_system: bool) -> str:
    """Return the text of the unit.

    It tries again for ever, every 10 s: nearly all that keeps the program from starting passes, such as a drive or a
    database that comes later. What a person must mend is in the journal, in a sentence.
    """
    command = " ".join(map(_quote, (str(program.interpreter), str(program.manage), "serve")))
    user = [f"User={_escape(program.user)}"] if for_system else []
    lines = [
        "[Unit]",
        "Description=Microscope",
        *(["Wants=network-online.target", "After=network-online.target postgresql.service"] if for_system else []),
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        *user,
        # `.env` lies there, and the program reads it itself: its rules for quotes are not systemd's.
        f"WorkingDirectory={_escape(str(program.folder))}",
        # By way of `env`, because systemd refuses a program whose own path has quotes or a dollar.
        f"ExecStart=/usr/bin/env {command}",
        "Restart=on-failure",
        "RestartSec=10",
        # The signal goes to the program alone, which ends its backup and its ffmpeg itself.
        "KillMode=mixed",
        f"TimeoutStopSec={program.end_s}",
        "",
        "[Install]",
        f"WantedBy={'multi-user' if for_system else 'default'}.target",
        "",
    ]
    return "\n".join(lines)


class SystemdService:
    """Installs, removes and asks the unit."""

    def __init__(self, program: Program, for_system: bool, system: System, folder: Path | None = None) -> None:
        """`folder`: where units lie; if None, where systemd looks for them."""
        self._program = program
        self._for_system = for_system
        self._system = system
        own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
        self._path = (folder or (SYSTEM_FOLDER if for_system else own)) / UNIT

    def install(self) -> list[str]:
        """Write the unit and start it, now and with the PC. Returns what was done, in sentences. Raises
        ServiceRefused."""
        self._require_systemd()
        replaced = self._describe_other()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, write_unit(self._program, self._for_system).encode("utf-8"), 0o644)
        except OSError as problem:
            raise ServiceRefused(f"{self._path} cannot be written: {problem.strerror or problem}.") from problem
        for words in (["daemon-reload"], ["enable", UNIT], ["restart", UNIT]):
            self._system.run_or_refuse(*self._control, *words)
        return [*replaced, f"Installed: {self._path} starts {self._program.manage}.", *self._advise()]

    def remove(self) -> list[str]:
        """End the service and remove its unit. What it kept stays. Returns what was done. Raises ServiceRefused."""
        self._require_systemd()
        if not self._path.exists():
            return [f"Nothing to remove: there is no {self._path}."]
        self._system.run_or_refuse(*self._control, "disable", "--now", UNIT)
        try:
            self._path.unlink()
        except OSError as problem:
            raise ServiceRefused(f"{self._path} cannot be removed: {problem.strerror or problem}.") from problem
        self._system.run_or_refuse(*self._control, "daemon-reload")
        return [f"Removed: {self._path}. Pictures, database and settings stay where they are."]

    def status(self) -> tuple[int, list[str]]:
        """Return an exit code, RUNS or STANDS_STILL, and sentences."""
        if not self._path.exists():
            return STANDS_STILL, [f"Not installed: there is no {self._path}."]
        # Without the bus of the user the unit can be there, and nobody can say if it runs.
        state = self._system.run(*self._control, "is-active", UNIT)
        enabled = self._system.run(*self._control, "is-enabled", UNIT)
        told = [f"Installed: {self._path}, in {self._read_folder()}.", f"State: {state.text or 'unknown'}."]
        told.append(f"Starts with the PC: {'yes' if enabled.is_well else 'no'}.")
        return (RUNS if state.is_well else STANDS_STILL), [*told, f"Its log: {self._log}"]

    @property
    def _control(self) -> list[str]:
        return ["systemctl"] if self._for_system else ["systemctl", "--user"]

    @property
    def _log(self) -> str:
        return f"journalctl {'' if self._for_system else '--user '}-u {UNIT}"

    def _require_systemd(self) -> None:
        if not self._system.has_systemd:
            raise ServiceRefused(
                "systemd does not run this PC. Let its own system of services run "
                f"{self._program.interpreter} {self._program.manage} serve when it starts."
            )
        if self._for_system and not self._system.is_root:
            raise ServiceRefused(
                "Only root may install a service of the whole system: put sudo before the command. Without --system "
                "it is a service of your own."
            )
        if not self._for_system and not self._system.run(*self._control, "show-environment").is_well:
            raise ServiceRefused(
                "There is no systemd session of this user, as after `su` or in a container. Sign in on this PC as the "
                "user whose service it shall be, or install it for the whole system with --system."
            )

    def _describe_other(self) -> list[str]:
        if not self._path.exists():
            return []
        folder = self._read_folder()
        return [] if folder == str(self._program.folder) else [f"It replaces the service that ran in {folder}."]

    def _read_folder(self) -> str:
        try:
            found = STARTED.search(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            found = None
        return found[1].replace("%%", "%") if found else "another folder"

    def _advise(self) -> list[str]:
        advice = [f"It runs now, and starts with the PC. Its log: {self._log}"]
        if self._for_system:
            return [*advice, f"It runs as {self._program.user}, who owns the data folder."]
        user = self._program.user
        if self._system.run("loginctl", "show-user", user, "--property=Linger").text == "Linger=yes":
            return advice
        return [
            f"It runs now, and starts when {user} signs in. Its log: {self._log}",
            f"To start it with the PC, before anybody signs in: sudo loginctl enable-linger {user}",
        ]


def _escape(text: str) -> str:
    """Return the text so that systemd finds no specifier in it."""
    return text.replace("%", "%%")


def _quote(argument: str) -> str:
    """Return one argument of a command line, as systemd reads it. It would replace `%` and `$`."""
    inside = argument.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_escape(inside)}"'
