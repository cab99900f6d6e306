"""What can go wrong when control passes on. That somebody else has it: see ControlRefused in camera/errors.py."""

from images.errors import LibraryError


class ControlError(LibraryError):
    """The root of this family."""

    code = "control_error"


class AskedByOther(ControlError):
    """Somebody else has asked already, and is not answered yet."""

    code = "asked_by_other"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has asked already. Try again when {name} has an answer.")


class NothingAsked(ControlError):
    """There is nothing to answer: nobody asks, or the asker has withdrawn."""

    code = "nothing_asked"

    def __init__(self) -> None:
        super().__init__("Nobody asks for control any more.")


class NotYoursToGive(ControlError):
    """The user answers in the place of whoever has control."""

    code = "not_yours_to_give"

    def __init__(self) -> None:
        super().__init__("Only whoever controls the camera can answer.")


class MayNotTake(ControlError):
    """Neither has the user's ask been left without an answer, nor is the user a manager."""

    code = "may_not_take_control"

    def __init__(self) -> None:
        super().__init__("Ask for control first. A manager can take it at once.")


class ReasonMissing(ControlError):
    """A manager takes control and does not say why."""

    code = "reason_missing"

    def __init__(self) -> None:
        text = "Say why, with at least 3 letters: whoever loses control reads it."
        super().__init__(text, {"reason": [text]})


class TooManyRefusals(ControlError):
    """The same user was refused again and again: most likely a script in a loop."""

    code = "too_many_refusals"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Refused too often. Wait {retry_after_s} seconds, and stop a script that tries again and again."
        )
        self.retry_after_s = retry_after_s
