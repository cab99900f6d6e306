"""Control that is killed again and again: a process of its own forks, kills what it forked, and looks at the row.

    python -m tests.promises.killed_control 188

Prints how many were killed while they held control. Only where there is fork.

    python -m tests.promises.killed_control look

Reads one fence a line, and looks at what a killed server left: the next start finds no lower fence, and no holder who
stays without a sign. Answers each line with the fence that it found. It changes nothing.
"""

import os
import random
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta

import django


def main(kills: int) -> None:
    from django.contrib.auth import get_user_model

    users = [get_user_model().objects.create_user(name, is_superuser=True) for name in ("ada", "ben")]
    let_database_go()
    held, fence, random_of_run = 0, 0, random.Random(20_261_129)
    for _ in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            work_for_ever([user.pk for user in users], writing)
        # From its first act on, however busy the machine is.
        os.read(reading, 1)
        time.sleep(random_of_run.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
        was_held, fence = look(fence)
        held += was_held
        let_database_go()
    sys.stdout.write(f"{held}\n")


def look_when_asked() -> None:
    from django.db import transaction

    for line in sys.stdin:
        with transaction.atomic():
            _, fence = look(int(line))
            transaction.set_rollback(True)
        let_database_go()
        sys.stdout.write(f"{fence}\n")
        sys.stdout.flush()


def use_one_connection() -> None:
    """The idle connections of a pool could not be told from those of a process that was killed."""
    from django.db import connection

    connection.settings_dict.get("OPTIONS", {}).pop("pool", None)


def let_database_go() -> None:
    """What is forked must share no connection, also none of a pool."""
    from django.db import connections

    for connection in connections.all():
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def work_for_ever(user_ids: list[int], writing: int) -> None:
    from camera.errors import ControlRefused
    from images.control import hand_over
    from images.control.control import Control
    from images.control.errors import ControlError
    from images.control.lease import Holder, Kind, Terms

    control = Control()
    people = [Holder(number, str(number), str(number), Kind.PERSON, "browser") for number in user_ids]
    acts = [
        lambda who: control.take(who, Terms(minutes=random.choice([1, 400]))),
        control.release,
        control.admit,
        lambda who: hand_over.ask(control, who, "please"),
        lambda who: hand_over.give(control, who),
    ]
    control.take(people[0])
    os.write(writing, b"!")
    while True:
        with suppress(ControlRefused, ControlError):
            random.choice(acts)(random.choice(people))


def wait_for_the_dead() -> None:
    """PostgreSQL may still run the last statement of a process that was killed."""
    from django.db import connection

    from tests.promises.databases import wait_until_alone

    if connection.vendor == "postgresql":
        connection.ensure_connection()
        wait_until_alone(connection.connection)


def look(last_fence: int) -> tuple[bool, int]:
    """What the next start finds: a holder who lives has 90 seconds to say so, and a dead one has no more."""
    from images.control.control import Control
    from images.control.lease import PATIENCE_S
    from images.models import CameraControl
    from images.tests.clocks import SetClock
    from microscope.models import AuditEntry

    wait_for_the_dead()
    clock = SetClock()
    control = Control(clock)
    lease = control.current()
    row = CameraControl.objects.get()
    assert row.fence >= last_fence, "the fence fell"
    passed_on = AuditEntry.objects.filter(what__in=["control_taken", "control_given", "control_taken_over"])
    fences = sorted(entry.details["fence"] for entry in passed_on)
    assert fences == list(range(1, row.fence + 1)), "not one entry for each change of hands"
    clock.run(timedelta(seconds=PATIENCE_S - 1))
    assert (control.current() is None) == (lease is None)
    clock.run(timedelta(seconds=2))
    assert control.current() is None, "a holder that was killed has control for ever"
    return lease is not None, row.fence


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    django.setup()
    use_one_connection()
    look_when_asked() if sys.argv[1] == "look" else main(int(sys.argv[1]))
