"""Several users who do something at the same moment."""

import threading
from collections.abc import Callable

from django.db import OperationalError, connections

from images.errors import LibraryError


def insist(verb: Callable[[], object]) -> object:
    """Retry while the database is locked: SQLite in memory, as in tests, does not wait for locks."""
    while True:
        try:
            return verb()
        except OperationalError as problem:
            if "locked" not in str(problem):
                raise


def at_once(*verbs) -> list[object]:
    """Start all calls at the same moment, each in a thread, and return what each returns or raises."""
    barrier, answers = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(place: int) -> None:
        barrier.wait()
        try:
            answers[place] = insist(verbs[place])
        except LibraryError as problem:
            answers[place] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
