"""Promise 3 for a rebuild: after `kill -9` at any step, the rows that it made are whole. The next run makes the others.
Then the library is complete, with nothing half and nothing twice."""

import json
import random

import pytest

from tests.promises.bench import IS_LONG, Bench, own_bench
from tests.promises.library import CAMERA, NOT_IN_FILES, build_library, rows_in

pytestmark = pytest.mark.long

MORE_IMAGES = 20
TABLES = [*NOT_IN_FILES, "current_objective", "accounts_user"]
# Like a server that starts on the new database before anybody runs a rebuild.
LIST_FOR_NOBODY = """
from images.library import the_library
from images.index.adoption import adopt_unlisted
print(adopt_unlisted(the_library().archive))
"""
# The rebuild is killed just before this line runs for the nth time; one line after the other.
MOMENTS = {
    "a row is there, and what was changed of it is not": ("_follow: image.save(update_fields=COLUMNS)", 1),
    "a job is there, and its time is not": ("make_job_again: Job.objects.filter(pk=job.pk).update", 1),
    "an objective is there, and its calibration is not": ("_restore_calibration: calibration.clean_fields", 1),
    "rows are there, and not yet committed": ("BaseDatabaseWrapper.commit: self._commit()", 2),
    "all are there, and nobody was told": ("rebuild: yield rebuilt", 1),
}
ANYWHERE = " "


class Rebuilding:
    """Loses the rows, kills the rebuild, checks what it left, rebuilds again, and compares."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.kills = 0
        self.before = rows_in(bench.database)

    def lose_rows(self) -> None:
        self.bench.database.forget(*TABLES)

    def run(self, kill_at: str = "", kill_at_time: int = 1) -> str:
        """Run the rebuild until it ends or is killed, and return what it printed."""
        plan = {"command": "rebuild", "within": "handle", "kill_at": kill_at, "kill_at_time": kill_at_time}
        process = self.bench.start(plan)
        process.wait_until_dead()
        process.kill()
        return process.log()

    def list_steps(self) -> dict[str, int]:
        """Return every place that the rebuild reaches, and how often."""
        self.lose_rows()
        return json.loads(self.run().splitlines()[-1])

    def die_at(self, place: str, time: int) -> None:
        assert "Killed at " in self.run(place, time) or IS_LONG
        self.kills += 1

    def assert_whole_so_far(self) -> None:
        """Every restored row has all the values that it had."""
        before = {row["filename"]: row for row in self.before["images"]}
        for row in rows_in(self.bench.database)["images"]:
            assert row == before[row["filename"]]

    def assert_complete_in_the_end(self) -> None:
        self.bench.manage("rebuild")
        assert rows_in(self.bench.database) == self.before
        self.bench.assert_promises_kept()


@pytest.fixture(scope="module")
def rebuilding(tmp_path_factory):
    with own_bench(tmp_path_factory.mktemp("rebuilding")) as bench:
        server = bench.serve(**CAMERA)
        library = build_library(bench, server)
        for number in range(MORE_IMAGES):
            library.capture(library.operator, note=f"{number} \u00b5m")
        server.kill()
        rebuilding = Rebuilding(bench)
        yield rebuilding
        print(f"{rebuilding.kills} kills of a rebuild")  # noqa: T201


def test_at_each_step_one_after_the_other(rebuilding):
    """Each run continues where the one before was killed."""
    rebuilding.lose_rows()
    for place, time in MOMENTS.values():
        rebuilding.die_at(place, time)
        rebuilding.assert_whole_so_far()
    rebuilding.assert_complete_in_the_end()


def test_while_it_gives_people_to_what_was_listed_for_nobody(rebuilding):
    rebuilding.lose_rows()
    assert int(rebuilding.bench.manage("shell", "--verbosity=0", "-c", LIST_FOR_NOBODY)) > MORE_IMAGES
    for time in range(1, 40, 6) if IS_LONG else [5]:
        rebuilding.die_at("_relink_one: Image.objects.filter(pk=image.pk).update", time)
    rebuilding.assert_complete_in_the_end()


def test_at_random_steps(rebuilding):
    choose = random.Random(9)
    times_by_place = rebuilding.list_steps()
    count = sum(times_by_place.values())
    moments = [(ANYWHERE, choose.randint(1, count)) for _ in range(50 if IS_LONG else 2)]
    if IS_LONG:
        moments += [(place, choose.randint(1, times)) for place, times in times_by_place.items()][::3]
    for place, time in moments:
        rebuilding.lose_rows()
        rebuilding.die_at(place, time)
        rebuilding.assert_whole_so_far()
        rebuilding.assert_complete_in_the_end()
