"""The part of Task Scheduler's schema, version 1.2, that a task of this program can use. Task Scheduler refuses a task
that breaks it, so the tests look for what it refuses."""

import re
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
BOOLEAN = re.compile(r"true|false|1|0")
DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
ANY_TEXT = re.compile(r".+", re.DOTALL)


def whole_number(lowest: int, highest: int) -> Callable[[str], bool]:
    return lambda text: text.isdecimal() and lowest <= int(text) <= highest


def one_of(*words: str) -> Callable[[str], bool]:
    return lambda text: text in words


Simple = re.Pattern | Callable[[str], bool]
# Which elements an element may hold. The schema lets all but those of triggers stand in any order, each once.
HOLDS: Mapping[str, Mapping[str, Simple | None]] = {
    "Task": dict.fromkeys(("RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions")),
    "RegistrationInfo": dict.fromkeys(
        ("URI", "SecurityDescriptor", "Source", "Date", "Author", "Version", "Description", "Documentation"), ANY_TEXT
    ),
    "Triggers": {"BootTrigger": None, "LogonTrigger": None},
    "BootTrigger": {
        "Enabled": BOOLEAN, "StartBoundary": ANY_TEXT, "EndBoundary": ANY_TEXT, "ExecutionTimeLimit": DURATION,
        "Delay": DURATION,
    },
    "LogonTrigger": {
        "Enabled": BOOLEAN, "StartBoundary": ANY_TEXT, "EndBoundary": ANY_TEXT, "ExecutionTimeLimit": DURATION,
        "UserId": ANY_TEXT, "Delay": DURATION,
    },
    "Principals": {"Principal": None},
    "Principal": {
        "UserId": ANY_TEXT,
        "LogonType": one_of("S4U", "Password", "InteractiveToken", "InteractiveTokenOrPassword"),
        "GroupId": ANY_TEXT,
        "DisplayName": ANY_TEXT,
        "RunLevel": one_of("LeastPrivilege", "HighestAvailable"),
    },
    "Settings": {
        **dict.fromkeys(
            (
                *("AllowStartOnDemand", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "AllowHardTerminate"),
                *("StartWhenAvailable", "RunOnlyIfNetworkAvailable", "WakeToRun", "Enabled", "Hidden"),
                "RunOnlyIfIdle",
            ),
            BOOLEAN,
        ),
        "RestartOnFailure": None,
        "MultipleInstancesPolicy": one_of("Parallel", "Queue", "IgnoreNew", "StopExisting"),
        "DeleteExpiredTaskAfter": DURATION,
        "ExecutionTimeLimit": DURATION,
        "Priority": whole_number(0, 10),
    },
    "RestartOnFailure": {"Interval": DURATION, "Count": whole_number(1, 255 * 256)},
    "Actions": {"Exec": None},
    "Exec": {"Command": ANY_TEXT, "Arguments": ANY_TEXT, "WorkingDirectory": ANY_TEXT},
}  # fmt: skip
NEEDED = {"Task": {"Actions"}, "Exec": {"Command"}, "RestartOnFailure": {"Interval", "Count"}, "Actions": {"Exec"}}
IN_ORDER = {"BootTrigger", "LogonTrigger"}
ATTRIBUTES = {"Task": {"version"}, "Principal": {"id"}, "Actions": {"Context"}}


def find_faults(xml: bytes) -> list[str]:
    """Return what Task Scheduler would refuse, in sentences."""
    task = ElementTree.fromstring(xml)
    faults = [] if task.tag == f"{{{NAMESPACE}}}Task" else [f"the root is {task.tag}"]
    faults += [] if task.get("version") == "1.2" else [f"the version is {task.get('version')}"]
    faults += _look_into(task)
    principals = {one.get("id") for one in task.iter(f"{{{NAMESPACE}}}Principal")}
    actions = task.find(f"{{{NAMESPACE}}}Actions")
    if actions is not None and actions.get("Context") not in principals:
        faults.append(f"there is no principal {actions.get('Context')}")
    return faults


def name_of(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def _look_into(element: ElementTree.Element) -> list[str]:
    name, children = name_of(element), [name_of(child) for child in element]
    allowed = HOLDS[name]
    faults = [f"{name} has the attribute {one}" for one in set(element.keys()) - ATTRIBUTES.get(name, set())]
    faults += [f"{name} lacks {one}" for one in NEEDED.get(name, set()) - set(children)]
    faults += [f"{name} has {one} more than once" for one in set(children) if children.count(one) > 1]
    if name in IN_ORDER and children != sorted(children, key=list(allowed).index):
        faults.append(f"{name} has its elements in another order")
    for child in element:
        faults += _look_at(child, allowed, name)
    return faults


def _look_at(child: ElementTree.Element, allowed: Mapping[str, Simple | None], parent: str) -> list[str]:
    name, text = name_of(child), child.text or ""
    if name not in allowed:
        return [f"{parent} may not hold {name}"]
    rule = allowed[name]
    if rule is None:
        return _look_into(child)
    is_right = bool(rule.fullmatch(text)) if isinstance(rule, re.Pattern) else rule(text)
    return [] if is_right else [f"{name} cannot be {text!r}"]
