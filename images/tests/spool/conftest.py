"""A spool over a little store on this computer, and over a real one."""

import contextlib
from concurrent.futures import Executor, Future
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from images.index.fetched import Fetched
from images.library import the_library
from images.models import Image
from images.run_days import Clock
from images.spool.evict import Evictor
from images.spool.side_files import SideFiles
from images.spool.spool import Spool
from images.spool.upload import Uploader, key_of
from images.store.body import Pace
from images.store.client import Store
from images.tests.clocks import SetClock
from images.tests.frames import TAKEN_AT
from images.tests.store.conftest import bucket, careful_bucket, everything, gateway, liar, lying_bucket  # noqa: F401

INSTRUMENT = UUID("6f1f8a5e-0000-4000-8000-0000000000aa")


DAY_LATER = timedelta(hours=25)
KEEP_DAYS = 30
# More than any disk has free: so the disk is always too full.
ALWAYS = 10**18


class InThisThread(Executor):
    def submit(self, work, *arguments) -> Future:
        future = Future()
        future.set_result(work(*arguments))
        return future


class Bench:
    """A spool whose steps the test makes itself, and what lets originals leave the disk. `doubt`: why none may."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        library = the_library()
        self.store = store
        self.clock = clock
        self.doubt = ""
        self.fetched = library.archive.elsewhere = Fetched(store, folder)
        self.side_files = SideFiles(store, library.archive, clock, clock.elapsed_s)
        self.evictor = Evictor(store, library.archive, lambda: self.doubt, KEEP_DAYS, ALWAYS, clock)
        self.is_held_back = False
        uploader = Uploader(store, library.archive, library.thumbnails, lambda: INSTRUMENT, Pace())
        self.spool = Spool(store, uploader, lambda: self.is_held_back, clock, monotonic_s=clock.elapsed_s)

    def go_on(self, most: int = 50) -> None:
        """Make steps until one has nothing to do, or waits for the store."""
        for _ in range(most):
            if self.spool.step() > 0:
                return
        raise AssertionError("the spool never rests")

    def store_and_look_again(self) -> None:
        """Bring all to the store, and read them back a day later: they may leave then."""
        self.go_on()
        self.clock.run(DAY_LATER)
        self.go_on()

    def evict_all(self) -> None:
        self.store_and_look_again()
        while self.evictor.make_room():
            pass


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def lying(archive, lying_bucket, clock, tmp_path):  # noqa: F811
    return Bench(Store(lying_bucket), clock, tmp_path / "fetched")


@pytest.fixture
def real(archive, bucket, clock, tmp_path):  # noqa: F811
    return Bench(Store(bucket), clock, tmp_path / "fetched")


@pytest.fixture
def careful(archive, careful_bucket, clock, tmp_path):  # noqa: F811
    """Over a real store, in an account that may delete nothing."""
    return Bench(Store(careful_bucket), clock, tmp_path / "fetched")


@pytest.fixture
def was(archive, images) -> dict[int, bytes]:
    """What the originals were, by the number of the image."""
    return {image.pk: archive.path_of(image.filename).read_bytes() for image in images}


@pytest.fixture
def stored(lying, images, was):
    """All originals are in both places, and were read back."""
    lying.store_and_look_again()
    return lying


@pytest.fixture
def away(stored, images):
    """All originals are only in the little store."""
    stored.evict_all()
    assert places() == {"store"}
    return stored


@pytest.fixture
def client(api, viewer):
    return api(viewer)


@pytest.fixture
def browser(viewer):
    browser = Client()
    browser.force_login(viewer)
    return browser


def place_of(image: Image) -> str | None:
    return Image.objects.values_list("place", flat=True).get(pk=image.pk)


def places() -> set[str | None]:
    return set(Image.objects.values_list("place", flat=True))


def key(image: Image) -> str:
    """Return the key of its original in the store."""
    return key_of(image, INSTRUMENT)


@contextlib.contextmanager
def among_many_stored():
    """Among images that are only in the store. PostgreSQL reads a small table as a whole, whatever its indexes are, and
    knows which index is short only if it has counted."""
    kept = {"place": "store", "captured_at": TAKEN_AT, "image_format": "jpg"}
    sizes = {"file_size": 1, "width": 1, "height": 1, "exposure_ms": 1, "gain_db": 0, "is_simulated": True}
    names = (f"capture_20250116_103045_{number:03d}.jpg" for number in range(300))
    Image.objects.bulk_create(Image(filename=name, **kept, **sizes) for name in names)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE images")
            cursor.execute("SET LOCAL enable_seqscan = off")
    yield


def file_of(image: Image) -> str:
    return f"/api/v1/images/{image.pk}/file"


def spoil_object(store, image: Image) -> None:
    """Change one byte of its original in the little store."""
    content = bytearray(store.objects[key(image)])
    content[-20] ^= 1
    store.objects[key(image)] = bytes(content)
