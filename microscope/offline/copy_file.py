"""The file of the copy. It is signed with a key made from SECRET_KEY, so that a changed or foreign file is refused."""

import json
import logging
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.signing import BadSignature, Signer

from camera.durable_files import PRIVATE, replace_file
from images.run_days import Clock
from microscope.offline.people import Person, SignIn

logger = logging.getLogger(__name__)

MAX_BYTES = 10_000_000
# Time servers set clocks back by small steps all the time. So much is no reason for doubt.
MAX_CLOCK_ERROR_S = 60.0

People = dict[int, Person]
# When the database last accepted the sign-in, by the monotonic clock of this PC.
SignIns = dict[str, tuple[SignIn, float]]


def write_copy(path: Path, people: People, sign_ins: SignIns, clock: Clock) -> None:
    """Write the file. Raises OSError."""
    now_s = clock.elapsed_s()
    content = {
        "writtenAt": clock.now().timestamp(),
        "elapsedS": now_s,
        "people": [one.as_json() for one in people.values()],
        "signIns": [{**asdict(one), "ageS": now_s - seen_s} for one, seen_s in sign_ins.values()],
    }
    replace_file(path, _signer().sign(json.dumps(content)).encode(), PRIVATE)


def read_copy(path: Path, clock: Clock) -> tuple[People, SignIns]:
    """Return the content of the file. Empty if there is none, or if it cannot be trusted: then nobody can go on."""
    try:
        with path.open("rb") as file:
            content = json.loads(_signer().unsign(file.read(MAX_BYTES).decode()))
        since_s = _measure_since(content, clock)
        people = [Person.from_json(one) for one in content["people"]]
        sign_ins = [_read_sign_in(one, clock.elapsed_s() - since_s) for one in content["signIns"]]
    except FileNotFoundError:
        return {}, {}
    except (OSError, BadSignature, ValueError, KeyError, TypeError) as problem:
        logger.warning("What the database said last of who is signed in is not believed: %s", problem)
        return {}, {}
    return {one.user_id: one for one in people}, {one.key: (one, seen_s) for one, seen_s in sign_ins}


def _read_sign_in(fields: dict[str, Any], written_s: float) -> tuple[SignIn, float]:
    age_s = fields.pop("ageS")
    return SignIn.from_json(fields), written_s - max(age_s, 0.0)


def _measure_since(content: dict[str, Any], clock: Clock) -> float:
    """Return how many seconds ago the file was written, by the clock that says more. Raises ValueError if the wall
    clock was set back since then."""
    by_wall_s = clock.now().timestamp() - content["writtenAt"]
    if by_wall_s < -MAX_CLOCK_ERROR_S:
        raise ValueError(f"it was written {timedelta(seconds=round(-by_wall_s))} after the time that the clock shows")
    now_s = clock.elapsed_s()
    passed_s = now_s - content["elapsedS"]
    # The monotonic clock starts with the PC. If it shows less than the file says, the PC has started since, at least
    # `now_s` ago.
    return max(by_wall_s, passed_s if passed_s >= 0 else now_s)


def _signer() -> Signer:
    return Signer(salt="microscope.offline", sep=".")
