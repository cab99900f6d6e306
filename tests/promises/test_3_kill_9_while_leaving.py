"""Promise 3, while originals leave the disk: a death at any step leaves each picture whole in the store, here, or in
both; and the next start says which."""

import hashlib
from contextlib import suppress
from subprocess import TimeoutExpired

import pytest

from images.tests.store.conftest import LYING_KEYS
from images.tests.store.lying_store import LyingStore, lying_store
from tests.promises.bench import IS_LONG, Bench, own_bench, sha256_of
from tests.promises.server import Server

pytestmark = pytest.mark.long

PICTURES = 4
CAMERA = {"SIMULATED_CAMERA": "colour-small", "CAMERA_IDLE_SECONDS": "0", "DEFAULT_EXPOSURE": "2"}
# No disk has so much free: so it is always too full.
LEAVING = {"KEEP_LOCAL_DAYS": "1", "EVICT_BELOW_MB": "1000000000"}

# The process dies just before this line runs.
MOMENTS = {
    "nothing is written down yet": "Evictor._note_leaving: emit",
    "the row says it, and it is not committed": "BaseDatabaseWrapper.commit: self._commit()",
    "the row says it, and no file is removed": "Evictor._remove: self._archive.remove",
    "the first file is removed": "Archive.remove: sync_folder(path.parent)",
}


class Leaving:
    """One library and one store. Each death meets pictures that may leave."""

    def __init__(self, bench: Bench, store: LyingStore) -> None:
        self.bench, self.store = bench, store
        access, secret = LYING_KEYS
        self._settings = {"S3_ENDPOINT": store.endpoint, "S3_BUCKET": "pictures"}
        self._settings |= {"S3_ACCESS_KEY": access, "S3_SECRET_KEY": secret, **CAMERA}
        self.sums: dict[str, str] = {}

    def serve(self, **more: str) -> Server:
        return self.bench.serve(**self._settings, **more)

    def capture(self) -> None:
        """Take pictures, bring them to the store, and make them old: as if they were read back long ago."""
        server = self.serve()
        for _ in range(PICTURES):
            answer = server.client.capture()
            assert answer.status == 201, answer.content
            self.sums[answer.body["filename"]] = answer.body["sha256"]
        server.wait_until(lambda: set(self.places().values()) == {"both"})
        server.kill()

    def grow_old(self) -> None:
        self.bench.database.change(
            "UPDATE images SET captured_at = '2020-01-01 00:00:00+00', stored_at = '2020-01-02 00:00:00+00', "
            "verified_at = '2020-01-03 00:00:00+00'"
        )

    def die_at(self, place: str) -> None:
        self.grow_old()
        plan = {"within": "_evict_some", "kill_at": place}
        server = self.bench.start(plan, **self._settings, **LEAVING)
        with suppress(TimeoutExpired):
            server.wait_until_dead(60)
        server.kill()
        assert "Killed at " in server.log(), server.log()
        self.assert_kept()

    def list_steps(self) -> list[str]:
        self.grow_old()
        server = self.bench.serve({"within": "_evict_some", "kill_at": ""}, **self._settings, **LEAVING)
        server.wait_until(lambda: set(self.places().values()) == {"store"})
        steps = server.tell("steps")
        server.kill()
        return steps

    def places(self) -> dict[str, str | None]:
        return {row["filename"]: row["place"] for row in self.bench.database.table("images")}

    def in_store(self) -> dict[str, str]:
        found = {key: body for key, body in dict(self.store.objects).items() if key.startswith("originals/")}
        return {key.rpartition("/")[2]: hashlib.sha256(body).hexdigest() for key, body in found.items()}

    def here(self) -> dict[str, str]:
        return {name: sha256_of(path) for name, path in self.bench.originals().items()}

    def assert_kept(self) -> None:
        """Before any start: whatever the row says less than there is, nothing is missing."""
        here, in_store, places = self.here(), self.in_store(), self.places()
        assert places.keys() == self.sums.keys()
        for name, sha256 in self.sums.items():
            assert sha256 in (here.get(name), in_store.get(name)), name
            assert places[name] == "store" or here[name] == sha256, name
            assert in_store[name] == sha256, name

    def start_again(self) -> None:
        """After a start without the settings, each place is what it says."""
        server = self.serve()
        server.wait_until(
            lambda: {name for name, place in self.places().items() if place == "both"} == set(self.here())
        )
        for image in server.client.images():
            answer = server.client.ask("GET", f"/api/v1/images/{image['imageId']}/file")
            assert hashlib.sha256(answer.content).hexdigest() == self.sums[image["filename"]]
        server.kill()
        self.assert_kept()

    def bring_back(self) -> None:
        """As an administrator may: from the store to the folder. The next start sees them."""
        for key, body in self.store.objects.items():
            if key.startswith("originals/"):
                _, _, day, _, name = key.split("/")
                (self.bench.images_path / day / name).write_bytes(body)
        self.start_again()
        assert set(self.places().values()) == {"both"}


@pytest.fixture(scope="module")
def leaving(tmp_path_factory):
    with lying_store() as store, own_bench(tmp_path_factory.mktemp("leaving")) as bench:
        leaving = Leaving(bench, store)
        leaving.capture()
        yield leaving


def test_at_each_step_while_originals_leave_the_disk(leaving):
    places = list(MOMENTS.values())
    if IS_LONG:
        places += leaving.list_steps()
        leaving.bring_back()
    for place in places:
        leaving.die_at(place)
        leaving.start_again()
        leaving.bring_back()


def test_in_the_end_all_leave_and_are_still_read(leaving):
    leaving.grow_old()
    server = leaving.serve(**LEAVING)
    server.wait_until(lambda: set(leaving.places().values()) == {"store"} and not leaving.here())
    server.kill()
    leaving.start_again()
