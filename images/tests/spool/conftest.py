"""A spool over a little store on this computer, and over a real one."""

from uuid import UUID

import pytest

from images.library import the_library
from images.models import Image
from images.run_days import Clock
from images.spool.spool import Spool
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.client import Store
from images.tests.clocks import SetClock
from images.tests.store.conftest import bucket, everything, gateway, liar, lying_bucket  # noqa: F401 (fixtures)

INSTRUMENT = UUID("6f1f8a5e-0000-4000-8000-0000000000aa")


class Bench:
    """A spool whose steps the test makes itself."""

    def __init__(self, store: Store, clock: Clock) -> None:
        library = the_library()
        self.store = store
        self.is_held_back = False
        uploader = Uploader(store, library.archive, library.thumbnails, lambda: INSTRUMENT, Pace())
        self.spool = Spool(store, uploader, lambda: self.is_held_back, clock, monotonic_s=clock.elapsed_s)

    def go_on(self, most: int = 50) -> None:
        """Make steps until one has nothing to do, or waits for the store."""
        for _ in range(most):
            if self.spool.step() > 0:
                return
        raise AssertionError("the spool never rests")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def lying(archive, lying_bucket, clock):  # noqa: F811
    return Bench(Store(lying_bucket), clock)


@pytest.fixture
def real(archive, bucket, clock):  # noqa: F811
    return Bench(Store(bucket), clock)


def place_of(image: Image) -> str | None:
    return Image.objects.values_list("place", flat=True).get(pk=image.pk)
