"""Errors of the events for programs, named by cause, in the shape of `camera.errors`."""


class EventError(Exception):
    """The root of the family. `fields` names the fields of a request that are to blame, if any."""

    code = "event_error"
    fields: dict[str, list[str]] = {}


class TooManyWaiting(EventError):
    """All places for programs that wait are taken."""

    code = "too_many_waiting"


class EventsUnsettled(EventError):
    """A transaction that began long ago has not ended, so the newest number is not known yet."""

    code = "events_unsettled"

    def __init__(self) -> None:
        super().__init__("A change in the database takes long. Ask again in a moment.")
