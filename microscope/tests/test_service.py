"""The service: its unit and its task as their own programs read them, and what installing does and refuses."""

import os
import shutil
import subprocess
import threading
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from images.tests.readers.programs import require
from microscope.http.server import make_server
from microscope.management.commands import service as command
from microscope.management.commands.serve import list_parts
from microscope.service.errors import ServiceRefused
from microscope.service.program import Program, refuse_settings_of_terminal
from microscope.service.system import Answer, System
from microscope.service.systemd import SystemdService, write_unit
from microscope.service.task import ScheduledTask, write_task
from microscope.start.startup import Startup
from microscope.tests.task_schema import NAMESPACE, find_faults

STRANGE_NAMES = ["plain", "with a space", "50 % off", 'a "quoted" one', "it's $HOME", "back\\slash", "Präparate 日本"]


class RecordingSystem(System):
    """Runs nothing. It notes each command, and gives the answer that a test wants; otherwise it says that all is
    well."""

    has_systemd = True
    is_root = False

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.written = b""

    def run(self, *words: str) -> Answer:
        line = " ".join(words)
        self.commands.append(line)
        if "/XML" in words and words[1] == "/Create":
            self.written = Path(words[5]).read_bytes()
        return next((answer for part, answer in self.answers.items() if part in line), Answer(0, ""))


@pytest.fixture
def system() -> RecordingSystem:
    return RecordingSystem()


def make_program(folder: Path) -> Program:
    """A program in this folder, with an interpreter that exists."""
    folder.mkdir(parents=True, exist_ok=True)
    interpreter = folder / "python"
    interpreter.symlink_to("/bin/true") if os.name != "nt" else interpreter.touch()
    (folder / "manage.py").touch()
    return Program(interpreter, folder, folder / "data", "root", 100)


# The unit


@pytest.mark.parametrize("for_system", [True, False], ids=["system", "user"])
@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_systemd_itself_accepts_the_unit(tmp_path, name, for_system):
    require(shutil.which("systemd-analyze") is not None, "systemd-analyze")
    program = make_program(tmp_path / name)
    unit = tmp_path / "microscope.service"
    unit.write_text(write_unit(program, for_system), encoding="utf-8")
    # A path that does not exist, an unknown specifier and a misspelt option are all warnings.
    asked = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_refuse_a_wrong_unit(tmp_path):
    require(shutil.which("systemd-analyze") is not None, "systemd-analyze")
    unit = tmp_path / "microscope.service"
    unit.write_text(write_unit(make_program(tmp_path), True).replace("on-failure", "sometimes"), encoding="utf-8")
    asked = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    assert "Failed to parse service restart specifier" in done.stderr


def test_the_unit_starts_the_program_in_its_folder_as_the_owner_of_the_data():
    program = Program(Path("/opt/a b/python"), Path("/opt/50 % $x"), Path("/data"), "ada", 100)
    lines = write_unit(program, for_system=True).splitlines()
    assert "WorkingDirectory=/opt/50 %% $x" in lines
    assert 'ExecStart=/usr/bin/env "/opt/a b/python" "/opt/50 %% $$x/manage.py" "serve"' in lines
    assert "User=ada" in lines and "WantedBy=multi-user.target" in lines
    of_user = write_unit(program, for_system=False)
    assert "User=" not in of_user and "WantedBy=default.target" in of_user


def test_systemd_waits_longer_than_the_program_needs_to_end(settings, tmp_path):
    server = make_server("127.0.0.1", 0, lambda environ, start: [], 8, settings.SERVICE_TIMEOUT_MS / 1000)
    parts = list_parts(server, Startup(print), threading.Event())
    assert f"TimeoutStopSec={command.describe_program().end_s}" in write_unit(command.describe_program(), True)
    assert command.describe_program().end_s > sum(part.deadline_s for part in parts)


def test_a_path_that_no_unit_can_hold_is_refused():
    with pytest.raises(ServiceRefused, match="line break"):
        Program(Path("/opt/python"), Path("/opt/two\nlines"), Path("/data"), "ada", 100)


# Installing on Linux


@pytest.fixture
def unit_folder(tmp_path) -> Path:
    return tmp_path / "units"


def test_installing_writes_the_unit_and_starts_it_now_and_with_the_pc(tmp_path, unit_folder, system):
    program = make_program(tmp_path / "program")
    system.answers["show-user"] = Answer(0, "Linger=no")
    told = " ".join(SystemdService(program, False, system, unit_folder).install())
    assert (unit_folder / "microscope.service").read_text() == write_unit(program, False)
    assert [line for line in system.commands if "show" not in line] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable microscope.service",
        "systemctl --user restart microscope.service",
    ]
    assert "sudo loginctl enable-linger root" in told and "journalctl --user -u microscope.service" in told


def test_installing_again_replaces_and_says_what_was_there(tmp_path, unit_folder, system):
    system.answers["show-user"] = Answer(0, "Linger=yes")
    first = SystemdService(make_program(tmp_path / "50 % old"), False, system, unit_folder)
    first.install()
    assert not any("It replaces" in line for line in first.install())
    told = SystemdService(make_program(tmp_path / "new"), False, system, unit_folder).install()
    assert told[0] == f"It replaces the service that ran in {tmp_path / '50 % old'}."
    assert "enable-linger" not in " ".join(told)


def test_removing_ends_the_service_and_leaves_nothing(tmp_path, unit_folder, system):
    service = SystemdService(make_program(tmp_path / "program"), False, system, unit_folder)
    assert service.remove()[0].startswith("Nothing to remove")
    service.install()
    assert service.remove()[0].startswith("Removed")
    assert "systemctl --user disable --now microscope.service" in system.commands
    assert not (unit_folder / "microscope.service").exists()


def test_the_status_says_where_it_runs_and_if_it_does(tmp_path, unit_folder, system):
    service = SystemdService(make_program(tmp_path / "program"), False, system, unit_folder)
    assert service.status()[0] == 3
    service.install()
    system.answers |= {"is-active": Answer(0, "active"), "is-enabled": Answer(0, "enabled")}
    code, told = service.status()
    assert code == 0 and f"in {tmp_path / 'program'}." in told[0]
    assert told[1:3] == ["State: active.", "Starts with the PC: yes."]
    system.answers |= {"is-active": Answer(3, "failed"), "is-enabled": Answer(1, "disabled")}
    assert service.status()[0] == 3
    assert service.status()[1][1:3] == ["State: failed.", "Starts with the PC: no."]


@pytest.mark.parametrize(
    ("for_system", "spoil", "words"),
    [
        (False, {"has_systemd": False}, "systemd does not run this PC"),
        (True, {"is_root": False}, "put sudo before the command"),
        (False, {"answers": {"show-environment": Answer(1, "no bus")}}, "There is no systemd session of this user"),
        (False, {"answers": {"enable": Answer(1, "Unit is masked.")}}, "Unit is masked."),
    ],
)
def test_what_keeps_it_from_being_installed_is_a_sentence(tmp_path, unit_folder, system, for_system, spoil, words):
    for name, value in spoil.items():
        setattr(system, name, value)
    with pytest.raises(ServiceRefused, match=words):
        SystemdService(make_program(tmp_path / "program"), for_system, system, unit_folder).install()


def test_a_folder_of_units_that_cannot_be_written_is_a_sentence(tmp_path, system):
    (tmp_path / "file").touch()
    with pytest.raises(ServiceRefused, match="cannot be written"):
        SystemdService(make_program(tmp_path / "program"), False, system, tmp_path / "file").install()


def test_a_setting_that_only_the_terminal_has_is_refused():
    refuse_settings_of_terminal(["PORT", "HOST"], {"PATH", "HOME"})
    with pytest.raises(ServiceRefused, match=r"HOST, PORT is set in this terminal.*Write it to \.env"):
        refuse_settings_of_terminal(["PORT", "HOST"], {"PORT", "HOST", "PATH"})


# The task of Windows


WINDOWS = Program(
    PureWindowsPath(r"C:\Lab & Co\.venv\Scripts\python.exe"),  # type: ignore[arg-type]
    PureWindowsPath(r"C:\Lab & Co"),  # type: ignore[arg-type]
    PureWindowsPath(r"D:\Präparate 日本"),  # type: ignore[arg-type]
    r"BENCH-3\ada",
    100,
)


@pytest.fixture
def windowless(monkeypatch):
    """On Windows itself the file is looked for beside the interpreter."""
    monkeypatch.setattr("microscope.service.task._without_window", lambda path: path.with_name("pythonw.exe"))


def text_of(xml: bytes, name: str) -> str | None:
    return ElementTree.fromstring(xml).findtext(f".//{{{NAMESPACE}}}{name}")


@pytest.mark.parametrize("at_start", [False, True], ids=["at log-on", "at start"])
def test_the_task_keeps_to_the_schema(windowless, at_start):
    xml = write_task(WINDOWS, at_start)
    assert find_faults(xml) == []
    assert xml.startswith((b"\xff\xfe", b"\xfe\xff")), "Task Scheduler wants UTF-16"
    assert text_of(xml, "Command") == r"C:\Lab & Co\.venv\Scripts\pythonw.exe"
    assert text_of(xml, "Arguments") == r'"C:\Lab & Co\manage.py" serve --log "D:\Präparate 日本\microscope.log"'
    assert text_of(xml, "WorkingDirectory") == r"C:\Lab & Co"
    assert (text_of(xml, "ExecutionTimeLimit"), text_of(xml, "StopIfGoingOnBatteries")) == ("PT0S", "false")
    assert text_of(xml, "LogonType") == ("S4U" if at_start else "InteractiveToken")
    assert (b"B\0o\0o\0t\0T\0r\0i\0g\0g\0e\0r" in xml) == at_start


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("PT0S", "72 hours", "ExecutionTimeLimit cannot be '72 hours'"),
        ("<Count>999</Count>", "", "RestartOnFailure lacks Count"),
        ("<Priority>5</Priority>", "<Priority>5</Priority><Nice>1</Nice>", "Settings may not hold Nice"),
        ('Context="Author"', 'Context="Nobody"', "there is no principal Nobody"),
    ],
)
def test_the_check_of_the_schema_sees_a_wrong_task(windowless, right, wrong, fault):
    xml = write_task(WINDOWS, at_start=False).decode("utf-16")
    assert right in xml
    assert find_faults(xml.replace(right, wrong).encode("utf-16")) == [fault]


NO_TASK = Answer(1, "ERROR: The system cannot find the file specified.")


def test_installing_on_windows_registers_the_task_and_runs_it(windowless, system):
    system.answers["/Query"] = NO_TASK
    told = ScheduledTask(WINDOWS, False, system).install()
    assert system.written == write_task(WINDOWS, False)
    assert system.commands[-1] == "schtasks /Run /TN Microscope"
    assert told[0].startswith("Installed: the task Microscope") and "when BENCH-3\\ada signs in" in told[1]


def test_a_task_of_another_folder_is_replaced_and_named(windowless, system):
    other = Program(WINDOWS.interpreter, PureWindowsPath(r"C:\Old"), WINDOWS.data_path, "ada", 9)  # type: ignore[arg-type]
    system.answers["/Query"] = Answer(0, write_task(other, False).decode("utf-16"))
    assert ScheduledTask(WINDOWS, False, system).install()[0] == r"It replaces the task that ran in C:\Old."


def test_a_refusal_of_windows_is_told_with_what_to_do(windowless, system):
    system.answers |= {"/Query": NO_TASK, "/Create": Answer(1, "ERROR: Access is denied.")}
    with pytest.raises(ServiceRefused, match=r"Access is denied.*Run as administrator"):
        ScheduledTask(WINDOWS, True, system).install()


def test_the_task_can_be_asked_and_removed(windowless, system):
    system.answers["/Query"] = NO_TASK
    task = ScheduledTask(WINDOWS, False, system)
    assert task.status()[0] == 3 and task.remove()[0].startswith("Nothing to remove")
    system.answers["/Query"] = Answer(0, write_task(WINDOWS, False).decode("utf-16"))
    system.answers = {"/FO CSV": Answer(0, '"BENCH-3","\\Microscope","267009"'), **system.answers}
    code, told = task.status()
    assert code == 0 and r"in C:\Lab & Co." in told[0] and told[1] == "State: active."
    system.answers["/FO CSV"] = Answer(0, '"BENCH-3","\\Microscope","1"')
    assert task.status()[0] == 3
    assert task.remove()[0].startswith("Removed")
    assert system.commands[-2:] == ["schtasks /End /TN Microscope", "schtasks /Delete /TN Microscope /F"]


# The command


def test_the_command_says_what_was_done_and_turns_a_refusal_into_its_error(system, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "the_system", system)
    monkeypatch.setattr(command, "OF_TERMINAL", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    call_command("service", "install")
    assert "Installed: " in capsys.readouterr().out
    system.answers["is-active"] = Answer(3, "inactive")
    with pytest.raises(SystemExit) as ended:
        call_command("service", "status")
    assert ended.value.code == 3
    call_command("service", "remove")
    system.answers |= {"/Create": Answer(1, "denied"), "daemon-reload": Answer(1, "denied")}
    with pytest.raises(CommandError, match="denied"):
        call_command("service", "install")


def test_a_program_of_the_system_that_is_missing_is_a_sentence():
    with pytest.raises(ServiceRefused, match="no-such-program-here cannot be run"):
        System().run_or_refuse("no-such-program-here")
    with pytest.raises(ServiceRefused, match="failed"):
        System().run_or_refuse(*(["cmd", "/c", "exit 4"] if os.name == "nt" else ["sh", "-c", "exit 4"]))
