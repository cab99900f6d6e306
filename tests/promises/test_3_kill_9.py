"""Promise 3: `kill -9` at any instruction leaves no half picture in the library and no row without a file. The next
start adopts a finished file without a row once, and marks it as adopted."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from microscope.tests.server_process import NO_ANSWER
from tests.promises.bench import IS_LONG, Bench, own_bench
from tests.promises.databases import Row

pytestmark = pytest.mark.long

CAMERA = {
    "SIMULATED_CAMERA": "colour-small",
    "CAMERA_IDLE_SECONDS": "0",
    "DEFAULT_EXPOSURE": "2",
    "SERVICE_TIMEOUT": "60000",  # tracing each line makes the process slow
}
# The pictures of this camera are large enough to be encoded in two strips.
LARGE_CAMERA = {"SIMULATED_CAMERA": "mono-1mp-16bit"}


# The process dies just before this line runs.
MOMENTS_OF_A_CAPTURE = {
    "the temporary file is there and empty": "Archive.keep: write(file)",
    "half of the picture is written": "save_in_strips: file.write(lower.result())",
    "it is written, and not yet forced to disk": "Archive.keep: os.fsync",
    "it is complete, and has no name": "Archive.keep: self.publish(draft)",
    "it has both its names": "Archive.publish: draft.temporary.unlink",
    "it has its name, and no row": "Archive.keep: return StoredFile(draft.location",
    "its row is under way": "CursorWrapper._execute: return self.cursor.execute",
    "its row is committed, and nobody was told": "list_original: return image",
}

MOMENTS_OF_A_CHANGE = {
    "what is to be said is written, and not yet forced to disk": "write_sidecars: _sync_together(waiting)",
    "it stands beside the original, and the row does not say it": "_change: if step.is_row_behind",
    "row and file say it, and it is not committed": "BaseDatabaseWrapper.commit: self._commit()",
}


class Killing:
    """Serves, kills the process, checks what it left, serves again, and compares. The server that cleans up is the next
    one to be killed."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.kills = 0
        self._left: tuple[dict, dict] | None = None
        self.server = bench.serve(**CAMERA)

    def list_steps(self, within: str, provoke: Callable[[], None], **environment: str) -> list[str]:
        """Return every place that the process reaches within the function while `provoke` runs."""
        self.restart({"within": within, "kill_at": ""}, **environment)
        provoke()
        self.server.wait_until(lambda: self.server.tell("steps"))
        time.sleep(0.5)  # some steps run after the answer
        return self.server.tell("steps")

    def die_at(self, within: str, place: str, provoke: Callable[[], None]) -> None:
        self.restart({"within": within, "kill_at": place}, **(LARGE_CAMERA if "strips" in place else {}))
        with suppress(*NO_ANSWER):
            provoke()
        # Some places are reached only now and then. If this one is not, the kill comes at any moment.
        with suppress(TimeoutExpired):
            self.server.wait_until_dead(10)
        self.server.kill()
        assert IS_LONG or "Killed at " in self.server.log()
        self._see_what_is_left()

    def die_after(self, seconds: float, *busy: Callable[[], None]) -> None:
        """Kill the process while each of these actions is repeated."""
        self.restart()
        threads = [threading.Thread(target=again_until_no_answer, args=(work,)) for work in busy]
        for thread in threads:
            thread.start()
        time.sleep(seconds)  # the promise must hold for a death at any moment
        self.server.kill()
        for thread in threads:
            thread.join()
        self._see_what_is_left()

    def leave_behind(self, place: str) -> None:
        """Kill a capture at this place and return what it left. No start has cleaned up yet."""
        self.restart({"within": "capture_image", "kill_at": place})
        again_until_no_answer(self.capture, 1)
        self.server.wait_until_dead()
        self._see_what_is_left()

    def list_steps_of_a_start(self, place: str) -> list[str]:
        self.leave_behind(place)
        self.restart({"within": "_try_archive", "kill_at": ""})
        return self.server.tell("steps")

    def die_while_starting(self, place: str) -> None:
        """Kill a start at this place. Places that only a clean-up reaches may not be reached again."""
        self.server = self.bench.start({"within": "_try_archive", "kill_at": place}, **CAMERA)
        with suppress(AssertionError):
            self.server.wait_until(self.bench.is_in_order, 20)
        self.server.kill()
        self.kills += 1

    def restart(self, plan: dict | None = None, **environment: str) -> None:
        """Start again, and check what the last process left, except for what a start cleans up."""
        self.server.kill()
        self.server = self.bench.serve(plan, **{**CAMERA, **environment})
        if self._left is not None:
            self.server.wait_until(self.bench.is_in_order)
            self._compare(*self._left)
            self._left = None

    def _see_what_is_left(self) -> None:
        self.kills += 1
        self._left = self.bench.originals(), self.bench.database.rows(is_server_dead=True)

    def _compare(self, left_files: dict[str, Path], left_rows: dict[str, Row]) -> None:
        self.bench.assert_promises_kept()
        rows = self.bench.database.rows()
        for filename in set(left_files) & set(rows):
            assert rows[filename].is_adopted == (filename not in left_rows or left_rows[filename].is_adopted)
        for filename in set(left_files) - set(left_rows) - set(rows):
            assert filename in self.bench.given_up, f"{filename} was finished, and is gone"

    # What users do

    def capture(self) -> None:
        answer = self.server.client.capture(sample="killed")
        assert answer.status == 201, answer.content
        self.bench.note(answer.body)

    def capture_together(self) -> None:
        threads = [threading.Thread(target=again_until_no_answer, args=(self.capture, 2)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def download(self) -> None:
        self.server.client.ask("GET", "/api/v1/images/zip?simulated=true")

    def capture_and_download(self) -> None:
        self.capture()
        self.download()

    def capture_bin_and_empty(self) -> None:
        self.capture_together()
        self.bin_and_empty()

    def bin_and_restore(self) -> None:
        """Bin and restore the newest images, so that some are in the bin and some were."""
        self.capture()
        ids = {"ids": [image["imageId"] for image in self.server.client.images()[:5]]}
        self.server.client.ask("POST", "/api/v1/images/bin", ids)
        self.server.client.ask("POST", "/api/v1/images/restore", {"ids": ids["ids"][:3]})

    def bin_and_empty(self) -> None:
        """Remove images for good: half of the library, and what was in the bin."""
        images = self.server.client.images()
        given_up = images[: len(images) // 2 + 1]
        gone = given_up + self.server.client.images("&binned=true")
        self.bench.given_up |= {image["filename"] for image in gone}
        self.server.client.ask("POST", "/api/v1/images/bin", {"ids": [image["imageId"] for image in given_up]})
        self.server.client.ask("POST", "/api/v1/images/bin/empty")


def again_until_no_answer(work: Callable[[], None], times: int = 10_000) -> None:
    with suppress(*NO_ANSWER):
        for _ in range(times):
            work()


def some(steps: list[str], number: int) -> list[str]:
    """Return so many items, evenly from first to last."""
    return steps[:: max(len(steps) // number, 1)]


@pytest.fixture(scope="module")
def killing(tmp_path_factory):
    with own_bench(tmp_path_factory.mktemp("killing")) as bench:
        killing = Killing(bench)
        killing.capture()
        yield killing
        killing.restart()
        print(f"{killing.kills} kills, {len(bench.promised)} images promised")  # noqa: T201


def test_at_each_step_of_a_capture(killing):
    places = list(MOMENTS_OF_A_CAPTURE.values())
    if IS_LONG:
        places += some(killing.list_steps("capture_image", killing.capture, **LARGE_CAMERA), 100)
    for number, place in enumerate(places):
        killing.die_at("capture_image", place, killing.capture_together if number % 2 else killing.capture)


def test_while_a_thumbnail_is_made(killing):
    steps = killing.list_steps("_make_waiting", killing.capture) if IS_LONG else ["Thumbnails._write: os.replace"]
    for place in steps:
        killing.die_at("_make_waiting", place, killing.capture)


def test_while_the_bin_is_emptied(killing):
    places = ["BaseDatabaseWrapper.commit: self._commit()", "Archive.remove: sync_folder(path.parent)"]
    if IS_LONG:
        places += some(killing.list_steps("empty_bin", killing.capture_bin_and_empty), 35)
    for place in places:
        killing.die_at("empty_bin", place, killing.capture_bin_and_empty)


def test_while_images_are_binned_and_restored(killing):
    """The program writes the sidecar first and the row after it. The next start makes them agree."""
    places = list(MOMENTS_OF_A_CHANGE.values())
    if IS_LONG:
        places += some(killing.list_steps("change_images", killing.bin_and_restore), 35)
    for place in places:
        killing.die_at("change_images", place, killing.bin_and_restore)


def test_while_a_zip_is_sent(killing):
    places = ["_send: yield block"]
    if IS_LONG:
        places += some(killing.list_steps("stream_zip", killing.capture_and_download), 15)
    for place in places:
        killing.die_at("stream_zip", place, killing.capture_and_download)


def test_while_the_next_start_puts_things_in_order(killing):
    """A death in the middle of a capture, and then another in the middle of the clean-up."""
    left = [MOMENTS_OF_A_CAPTURE["it has its name, and no row"], MOMENTS_OF_A_CAPTURE["it has both its names"]]
    places = ["list_original: image.save(force_insert=True)", "remove_if_orphaned: path.unlink()"]
    if IS_LONG:
        places += some(killing.list_steps_of_a_start(left[1]), 25)
    for number, place in enumerate(places):
        killing.leave_behind(left[number % 2] if number != 1 else left[1])
        killing.die_while_starting(place)


def test_at_random_moments_while_much_is_done(killing):
    choose = random.Random(9)
    for number in range(70 if IS_LONG else 3):
        busy = [killing.capture, killing.capture]
        busy += [killing.download] if number % 2 else []
        busy += [killing.bin_and_empty] if number % 3 == 2 else []
        busy += [killing.bin_and_restore] if number % 3 == 1 else []
        killing.die_after(choose.uniform(0.1, 1.5), *busy)
