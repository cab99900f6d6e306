"""A picture is always somewhere, whole: in every state that upload, second look, eviction, start, a kill at any place
between two of them, and a store that loses or spoils what was not read back can lead to, in any order.

The real functions run on a store that the test can stop and set back. From each state every act is tried, until there
is no new state; so sequences of any length are covered.
"""

import contextlib
import hashlib
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from images.errors import OriginalChanged, OriginalMissing
from images.index.adoption import adopt_unlisted
from images.index.fetched import Fetched
from images.index.opening import open_original
from images.library import the_library
from images.models import Image
from images.spool.evict import Evictor
from images.spool.spool import SECOND_LOOK_AFTER, Spool
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.errors import ObjectMissing, ObjectOfSomebodyElse
from images.store.objects import ObjectFacts, StoredObject
from images.tests.spool.conftest import ALWAYS, DAY_LATER, INSTRUMENT, KEEP_DAYS

OTHER = b"other bytes"
COLUMNS = ("place", "store_key", "stored_at", "verified_at", "evicted_at")


class Killed(BaseException):
    """The process ends here. Nothing catches it."""


class MemoryStore:
    """A store that puts, tells, gives and compares, and has no verb to overwrite or to delete."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.is_killed_after_put = False

    def put_file(self, key, file, sha256, content_type, pace, stop) -> StoredObject:
        content = file.read()
        if self.objects.get(key, content) != content:
            raise ObjectOfSomebodyElse(key)
        is_new = key not in self.objects
        self.objects[key] = content
        if self.is_killed_after_put:
            raise Killed
        return StoredObject(self.head(key), is_new)

    def head(self, key) -> ObjectFacts:
        content = self._find(key)
        return ObjectFacts(key, len(content), sha256_of(content), None, None, None, None)

    def measure(self, key, pace=None, stop=None) -> tuple[int, str]:
        content = self._find(key)
        return len(content), sha256_of(content)

    def open_range(self, key):
        return Given(self._find(key))

    def _find(self, key) -> bytes:
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]


class Given:
    def __init__(self, content: bytes) -> None:
        self._blocks = [content]

    def __enter__(self) -> "Given":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> bytes:
        return self._blocks.pop() if self._blocks else b""


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class State(NamedTuple):
    """What matters of the world: two worlds of one state behave alike from here on."""

    place: str | None
    has_key: bool
    is_verified: bool
    is_ripe: bool
    is_here: bool
    in_store: str


class World:
    """One picture, its row, its file, its object, and the time. It can be set back to what it was."""

    def __init__(self, image: Image, clock, tmp_path) -> None:
        self.image, self.clock = image, clock
        self.archive = the_library().archive
        self.path = self.archive.path_of(image.filename)
        self.content = self.path.read_bytes()
        self.store = MemoryStore()
        self.archive.elsewhere = self.fetched = Fetched(self.store, tmp_path / "fetched")

    def row(self) -> dict[str, Any]:
        return Image.objects.values(*COLUMNS).get(pk=self.image.pk)

    def state(self) -> State:
        row, held = self.row(), list(self.store.objects.values())
        is_ripe = bool(row["stored_at"] and row["stored_at"] <= self.clock.now() - SECOND_LOOK_AFTER)
        in_store = "nothing" if not held else "right" if held == [self.content] else "other"
        return State(
            row["place"], bool(row["store_key"]), bool(row["verified_at"]), is_ripe, self.path.exists(), in_store
        )

    def save(self) -> tuple:
        return self.row(), self.path.exists(), dict(self.store.objects), self.clock.time, self.clock.seconds

    def set_back(self, saved: tuple) -> None:
        row, is_here, objects, self.clock.time, self.clock.seconds = saved
        Image.objects.filter(pk=self.image.pk).update(**row)
        if is_here:
            self.path.write_bytes(self.content)
        else:
            self.path.unlink(missing_ok=True)
        self.store.objects = dict(objects)
        self.store.is_killed_after_put = False
        self.fetched.clear()

    def key(self) -> str:
        return next(iter(self.store.objects))

    # What can happen

    def spool(self) -> Spool:
        """As after a start: nothing is remembered."""
        uploader = Uploader(self.store, self.archive, the_library().thumbnails, lambda: INSTRUMENT, Pace())
        return Spool(self.store, uploader, lambda: False, self.clock, monotonic_s=self.clock.elapsed_s)

    def step(self) -> None:
        self.spool().step()

    def step_and_die(self) -> None:
        self.store.is_killed_after_put = True
        self.step()

    def evict(self, archive: Any = None) -> None:
        Evictor(self.store, archive or self.archive, lambda: "", KEEP_DAYS, ALWAYS, self.clock).make_room()

    def evict_and_die_before(self) -> None:
        self.evict(Dying(self.archive, is_removed=False))

    def evict_and_die_after(self) -> None:
        self.evict(Dying(self.archive, is_removed=True))

    def wait(self) -> None:
        self.clock.run(DAY_LATER)

    def start(self) -> None:
        adopt_unlisted(self.archive)

    def read(self) -> None:
        open_original(Image.objects.get(pk=self.image.pk), self.archive).close()

    def lose(self) -> None:
        if self.may_fail():
            del self.store.objects[self.key()]

    def spoil(self) -> None:
        if self.may_fail():
            self.store.objects[self.key()] = OTHER

    def may_fail(self) -> bool:
        """The store keeps what was read back from it, or the file has not left yet."""
        return bool(self.store.objects) and self.row()["place"] != Image.Place.STORE

    def mend(self) -> None:
        """An administrator puts the right bytes back."""
        if self.store.objects:
            self.store.objects[self.key()] = self.content


class Dying:
    """The archive in a process that is killed while it removes a file."""

    def __init__(self, archive: Any, is_removed: bool) -> None:
        self._archive, self._is_removed = archive, is_removed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._archive, name)

    def remove(self, filename: str) -> None:
        if self._is_removed:
            self._archive.remove(filename)
        raise Killed


ACTS: list[Callable[[World], None]] = [
    *(World.step, World.step_and_die, World.evict, World.evict_and_die_before, World.evict_and_die_after),
    *(World.wait, World.start, World.read, World.lose, World.spoil, World.mend),
]


def act(world: World, do: Callable[[World], None]) -> None:
    with contextlib.suppress(Killed, OriginalMissing, OriginalChanged):
        do(world)


@pytest.fixture
def world(archive, image, clock, tmp_path) -> World:
    return World(image, clock, tmp_path)


def test_a_picture_is_always_somewhere_whole_and_its_place_tells_the_truth(world):
    seen: dict[State, list[str]] = {world.state(): []}
    waiting = deque([(world.save(), world.state())])
    while waiting:
        saved, before = waiting.popleft()
        for do in ACTS:
            world.set_back(saved)
            act(world, do)
            path, after = [*seen[before], do.__name__], world.state()
            assert_kept(world, after, path)
            if after not in seen:
                seen[after] = path
                waiting.append((world.save(), after))
    assert {state.place for state in seen} == {None, "both", "store", "conflict"}
    assert len(seen) >= 20, seen


def assert_kept(world: World, state: State, path: list[str]) -> None:
    assert state.is_here or state.in_store == "right", path
    # A file that is left over from a kill is more than the row says, never less; the next start sees it.
    assert state.is_here or state.place == "store", path
    assert state.place not in ("both", "store") or state.has_key, path
    if state.place == "store":
        assert state.in_store == "right" and (not state.is_here or path[-1] != "start"), path
    if world.path.exists():
        assert world.path.read_bytes() == world.content, path
    saved = world.save()
    with open_original(Image.objects.get(pk=world.image.pk), world.archive) as original:
        assert original.file.read() == world.content, path
    assert world.save() == saved, path
    world.fetched.clear()


def test_what_the_store_loses_after_all_is_named_and_not_hidden(world):
    for do in (World.step, World.wait, World.step, World.evict):
        do(world)
    assert world.state().place == "store"
    world.store.objects.clear()
    world.clock.run(timedelta(days=1))
    with pytest.raises(OriginalMissing, match="The store has lost"):
        world.read()
    assert world.state().place == "lost"
