"""The service on Windows: a task of Task Scheduler, when the user signs in or when the PC starts."""

import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from microscope.service.errors import ServiceRefused
from microscope.service.program import NAME, Program
from microscope.service.system import Answer, System

TASK = "Microscope"
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
WHO = "Author"
LOG = f"{NAME}.log"
RUNS, STANDS_STILL = 0, 3
# What schtasks says of a task that runs, as a number: its words depend on the language of Windows.
RUNNING_NOW = "267009"


def write_task(program: Program, at_start: bool) -> bytes:
    """Return the task as Task Scheduler reads it, in UTF-16. `at_start`: it starts with the PC, before anybody signs
    in."""
    task = ElementTree.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _add(task, "RegistrationInfo", Description=f"Runs Microscope in {program.folder}", URI=f"\\{TASK}")
    triggers = ElementTree.SubElement(task, "Triggers")
    if at_start:
        _add(triggers, "BootTrigger", Enabled="true")
    else:
        _add(triggers, "LogonTrigger", Enabled="true", UserId=program.user)
    principal = _add(
        ElementTree.SubElement(task, "Principals"),
        "Principal",
        UserId=program.user,
        # S4U runs without a password and without a session. It has no rights on other PCs of the network.
        LogonType="S4U" if at_start else "InteractiveToken",
        RunLevel="LeastPrivilege",
    )
    principal.set("id", WHO)
    _add_settings(task)
    actions = ElementTree.SubElement(task, "Actions", {"Context": WHO})
    arguments = [str(program.manage), "serve", "--log", str(program.data_path / LOG)]
    _add(
        actions,
        "Exec",
        Command=str(_without_window(program.interpreter)),
        Arguments=subprocess.list2cmdline(arguments),
        WorkingDirectory=str(program.folder),
    )
    ElementTree.indent(task)
    text = ElementTree.tostring(task, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{text}\n'.encode("utf-16")


def _add_settings(task: ElementTree.Element) -> None:
    settings = _add(
        task,
        "Settings",
        MultipleInstancesPolicy="IgnoreNew",
        # By default a task does not start on batteries, ends on them, ends after 72 hours, and is slower than others.
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        StartWhenAvailable="true",
        ExecutionTimeLimit="PT0S",
        Priority="5",
    )
    _add(settings, "RestartOnFailure", Interval="PT1M", Count="999")


def _add(parent: ElementTree.Element, name: str, **texts: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name)
    for child, text in texts.items():
        ElementTree.SubElement(element, child).text = text
    return element


def _without_window(interpreter: Path) -> Path:
    """Return Python for programs without a window. Otherwise a black window is on the screen, and closing it ends the
    program."""
    windowless = interpreter.with_name("pythonw.exe")
    return windowless if windowless.exists() else interpreter


class ScheduledTask:
    """Installs, removes and asks the task."""

    def __init__(self, program: Program, at_start: bool, system: System) -> None:
        self._program = program
        self._at_start = at_start
        self._system = system

    def install(self) -> list[str]:
        """Register the task and run it. Returns what was done, in sentences. Raises ServiceRefused."""
        replaced = self._describe_other()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "task.xml"
            path.write_bytes(write_task(self._program, self._at_start))
            made = self._system.run("schtasks", "/Create", "/TN", TASK, "/XML", str(path), "/F")
        if not made.is_well:
            raise ServiceRefused(self._explain(made))
        self._system.run_or_refuse("schtasks", "/Run", "/TN", TASK)
        when = "starts with the PC" if self._at_start else f"starts when {self._program.user} signs in"
        return [
            *replaced,
            f"Installed: the task {TASK} starts {self._program.manage}.",
            f"It runs now, and {when}. Its log: {self._program.data_path / LOG}",
        ]

    def remove(self) -> list[str]:
        """End the task and remove it. What it kept stays. Returns what was done. Raises ServiceRefused."""
        if not self._query().is_well:
            return [f"Nothing to remove: there is no task {TASK}."]
        self._system.run("schtasks", "/End", "/TN", TASK)
        self._system.run_or_refuse("schtasks", "/Delete", "/TN", TASK, "/F")
        return [f"Removed: the task {TASK}. Pictures, database and settings stay where they are."]

    def status(self) -> tuple[int, list[str]]:
        """Return an exit code, RUNS or STANDS_STILL, and sentences."""
        found = self._query()
        if not found.is_well:
            return STANDS_STILL, [f"Not installed: there is no task {TASK}."]
        result = self._system.run("schtasks", "/Query", "/TN", TASK, "/FO", "CSV", "/V", "/NH").text
        is_running = f'"{RUNNING_NOW}"' in result
        told = [f"Installed: the task {TASK}, in {_read_folder(found.text)}."]
        told.append(f"State: {'active' if is_running else 'not running'}.")
        return (RUNS if is_running else STANDS_STILL), [*told, f"Its log: {self._program.data_path / LOG}"]

    def _query(self) -> Answer:
        return self._system.run("schtasks", "/Query", "/TN", TASK, "/XML")

    def _describe_other(self) -> list[str]:
        found = self._query()
        folder = _read_folder(found.text) if found.is_well else str(self._program.folder)
        return [] if folder == str(self._program.folder) else [f"It replaces the task that ran in {folder}."]

    def _explain(self, refused: Answer) -> str:
        advice = " Open the terminal with *Run as administrator* and try again." if self._at_start else ""
        return f"Task Scheduler refused the task: {refused.text or f'exit code {refused.code}'}.{advice}"


def _read_folder(xml: str) -> str:
    """Return the folder of a task that Task Scheduler shows."""
    try:
        # What schtasks prints says that it is UTF-16, and has been decoded already.
        task = ElementTree.fromstring(xml.partition("?>")[2] or xml)
    except ElementTree.ParseError:
        return "another folder"
    return task.findtext(f".//{{{NAMESPACE}}}WorkingDirectory") or "another folder"
