"""A library of a PC that was alone, and the shared one that it moves into."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model

from images.archive.paced_reader import go_on_always
from images.index.fetched import Fetched
from images.instruments.lease import InstrumentLease
from images.library import the_library
from images.models import Calibration, CurrentObjective, Image, Instrument, Job, Objective
from images.moving.adopt import DiskAdoption
from images.moving.disk import DamagedDiskArchive
from images.moving.other_database import opened
from images.own_instrument import be_alone, register_own_instrument
from images.spool.side_files import SideFiles
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.client import Store
from images.tests.frames import TAKEN_AT
from images.tests.store.conftest import liar, lying_bucket  # noqa: F401
from microscope.tests.migrated import fill_file

HERE = UUID("6f1f8a5e-0000-4000-8000-0000000000bb")
MOVED = (get_user_model(), Objective, Job, Image, Calibration, CurrentObjective)


@pytest.fixture
def store(lying_bucket) -> Store:  # noqa: F811
    return Store(lying_bucket)


@pytest.fixture
def be_instrument(db) -> Iterator[Callable[[], UUID]]:
    """be_instrument() makes this process the instrument HERE, with a row."""

    def be() -> UUID:
        register_own_instrument(lambda: HERE)
        Instrument.objects.create(pk=HERE, name="Inverted")
        return HERE

    yield be
    register_own_instrument(be_alone)


@pytest.fixture
def old_file(tmp_path) -> Path:
    return tmp_path / "old.sqlite3"


@pytest.fixture
def move_rows_out(old_file) -> Callable[[], Path]:
    """move_rows_out() puts all rows into the file of a PC that is alone. The database of the test is empty then."""

    def move() -> Path:
        fill_file(old_file)
        with opened(old_file) as other:
            for model in MOVED:
                for row in model._default_manager.order_by("pk"):
                    groups = [group.name for group in row.groups.all()] if model is get_user_model() else None
                    row._state.adding = True
                    row.save(using=other, force_insert=True)
                    if groups:
                        group_model = row.groups.model
                        row.groups.set(group_model.objects.using(other).filter(name__in=groups))
        for model in (CurrentObjective, Calibration, Image, Job, Objective):
            # As if they had never been: a deletion would remove the files, too.
            model._default_manager.all()._raw_delete("default")
        get_user_model()._default_manager.all().delete()
        return old_file

    return move


class NeverWaits(threading.Event):
    def wait(self, timeout=None):
        return False


@pytest.fixture
def dead_disk(archive, keep_original, operator, be_instrument):
    """Four originals without rows."""
    be_instrument()
    hours = (timedelta(hours=number) for number in range(0, 48, 12))
    return [keep_original(taken_at=TAKEN_AT + later, user_id=str(operator.lasting_id))[0] for later in hours]


@pytest.fixture
def adopt(archive, store, tmp_path):
    """adopt() does it all, and returns how far it came, and what was reported."""

    def run(go_on=go_on_always, kind=DamagedDiskArchive, store=store):
        reported: list[str] = []
        disk = kind(archive.root, tmp_path / "memory.txt", reported.append)
        disk.elsewhere = Fetched(store, tmp_path / "fetched")
        uploader = Uploader(store, disk, the_library().thumbnails, lambda: HERE, Pace())
        under_way = DiskAdoption(
            store, disk, uploader, SideFiles(store, disk), reported.append, go_on, stop=NeverWaits()
        )
        for _ in under_way.steps():
            pass
        return under_way.adopted, reported, disk

    return run


def remove_original(filename: str) -> None:
    the_library().archive.remove(filename)


def take_lease(instrument_id: UUID, name: str) -> InstrumentLease:
    lease = InstrumentLease(instrument_id)
    assert lease.take(name, threading.Event())
    return lease
