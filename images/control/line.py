"""The line of those who ask for control. The holder answers the first; then the next one is first. Only values and
rules."""

from dataclasses import replace

from images.control.lease import Ask

# How many may stand in line, the first included.
MAX_IN_LINE = 5
# A user who asks and has no page open for so long leaves the line, so that those behind do not wait for them.
LAPSES_AFTER_S = 600.0

Line = tuple[Ask, ...]


def find_ask(line: Line, user_id: int | None) -> Ask | None:
    return next((one for one in line if one.who.user_id == user_id), None)


def find_place(line: Line, ask: Ask) -> int:
    """Return the place of this ask in the line, from 1."""
    return line.index(ask) + 1


def join_line(line: Line, ask: Ask) -> Line:
    """Return the line with this ask at its end, or at the place of the user's earlier ask."""
    if find_ask(line, ask.who.user_id) is None:
        return (*line, ask)
    return tuple(ask if one.who.user_id == ask.who.user_id else one for one in line)


def leave_line(line: Line, user_id: int | None, now_s: float) -> Line:
    """Return the line without this user."""
    return _begin_first(line, tuple(one for one in line if one.who.user_id != user_id), now_s)


def drop_silent(line: Line, now_s: float) -> Line:
    """Return the line without those who gave no sign for LAPSES_AFTER_S."""
    return _begin_first(line, tuple(one for one in line if now_s - one.last_seen_s < LAPSES_AFTER_S), now_s)


def ask_new_holder(line: Line, user_id: int | None, now_s: float) -> Line:
    """Return the line after control has passed to this user. For all others, the time to answer begins again with the
    new holder."""
    # All times begin again: the new holder has had no chance to answer yet.
    return tuple(replace(one, at_s=now_s) for one in line if one.who.user_id != user_id)


def _begin_first(before: Line, after: Line, now_s: float) -> Line:
    """Note that the holder can answer the first in line from now on, if that is another one than before."""
    # By identity: the same first in line keeps the time that has passed.
    if not after or after[0] is before[0]:
        return after
    return (replace(after[0], at_s=now_s), *after[1:])
