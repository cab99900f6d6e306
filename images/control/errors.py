"""The errors when control passes on. If somebody else has control, see ControlRefused in camera/errors.py."""

from typing import Any

from images.control.lease import Ask
from images.control.words import show_time
from images.errors import LibraryError


class ControlError(LibraryError):
    """The root of this family."""

    code = "control_error"


class AskedByOther(ControlError):
    """Somebody else has asked before, and has no answer yet."""

    code = "asked_by_other"

    def __init__(self, line: tuple[Ask, ...]) -> None:
        first = line[0]
        said = f"{first.who.name} has asked since {show_time(first.at)} and has no answer yet."
        super().__init__(f"{said} {self._advise(len(line))}")
        self.details: dict[str, Any] = {
            "ask": {"name": first.who.name, "at": first.at.isoformat(), "inLine": len(line)},
        }

    def _advise(self, in_line: int) -> str:
        return "Try again later, or stand in line: queue."


class LineFull(AskedByOther):
    """The line is full: nobody else can join it."""

    code = "line_full"

    def _advise(self, in_line: int) -> str:
        return f"{in_line} people stand in line. Try again when one of them has an answer."


class NothingAsked(ControlError):
    """There is nothing to answer: nobody asks, or the person who asked has withdrawn."""

    code = "nothing_asked"

    def __init__(self) -> None:
        super().__init__("Nobody asks for control any more.")


class NotYoursToGive(ControlError):
    """The user gives an answer that only the holder can give."""

    code = "not_yours_to_give"

    def __init__(self) -> None:
        super().__init__("Only whoever controls the camera can answer.")


class MayNotTake(ControlError):
    """The user is no manager, and has no request that was left without an answer."""

    code = "may_not_take_control"

    def __init__(self) -> None:
        super().__init__("Ask for control first. A manager can take it at once.")


class ReasonMissing(ControlError):
    """A manager takes control without a reason."""

    code = "reason_missing"

    def __init__(self) -> None:
        text = "Say why, with at least 3 letters: whoever loses control reads it."
        super().__init__(text, {"reason": [text]})


class TooManyRefusals(ControlError):
    """The same user was refused again and again. Most likely a script does not stop at the error."""

    code = "too_many_refusals"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Refused too often. Wait {retry_after_s} seconds, and stop a script that tries again and again."
        )
        self.retry_after_s = retry_after_s


class TooManyWaiting(ControlError):
    """Too many programs wait already until the camera is free."""

    code = "too_many_waiting"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} programs wait for the camera already. Ask without wait, or again in a moment.")


class WaitEnded(ControlError):
    """A wait ended without control: the program ends, or the client has hung up."""

    code = "wait_ended"

    def __init__(self) -> None:
        super().__init__("The wait has ended before the camera was free. Nothing was taken.")
