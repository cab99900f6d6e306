"""What control costs: the guard of a request, taking, and the answer that pages ask for.

    python -m benchmarks.control

Makes a database of its own in a temporary folder. Prints milliseconds: median and 99th percentile.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable

ROUNDS = 2000
# Milliseconds: what a guard and taking may cost.
GUARD_AIM, TAKE_AIM = 0.3, 20.0


def main() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.contrib.auth import get_user_model

    from images.control.control import Control
    from images.control.lease import Holder, Kind, Terms

    users = [get_user_model().objects.create_user(name) for name in ("ada", "ben")]
    ada, ben = (Holder(user.pk, user.username, user.username, Kind.PERSON, "browser") for user in users)
    control = Control()
    control.take(ada, Terms(minutes=60))
    show("guard of one's own request, with its permit", measure(lambda: control.admit(ada)()), GUARD_AIM)
    show("who controls the camera", measure(control.current), GUARD_AIM)
    control.release(ada)

    def take_and_release() -> None:
        control.take(ben, Terms(minutes=5))
        control.release(ben)

    show("take and release, with row and audit", measure(take_and_release, 300), 2 * TAKE_AIM)


def measure(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return how long each call took, in milliseconds."""
    took = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        work()
        took.append((time.perf_counter() - began_s) * 1000)
    return sorted(took)


def show(what: str, took: list[float], aim: float) -> None:
    print(f"{what:46} {statistics.median(took):8.3f} {took[int(len(took) * 0.99)]:8.3f}   at most {aim}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="microscope-control-") as folder:
        os.environ.update(DJANGO_SETTINGS_MODULE="microscope.settings", DATA_PATH=folder, DATABASE_URL="")
        import django

        django.setup()
        main()
