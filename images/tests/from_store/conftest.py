"""A library that is in the store, and the command that makes its rows again from there alone."""

import io
import shutil

import pytest
from django.core.management import call_command

from images.models import Image, Job, JobGap
from images.spool.identity import FILE
from images.store.watch import StoreWatch, register_store_watch
from images.tests.spool.conftest import (  # noqa: F401
    DAY_LATER,
    INSTRUMENT,
    bucket,
    clock,
    everything,
    gateway,
    liar,
    lying,
    lying_bucket,
    real,
)

REPORTED, INTERRUPTED = 16, 128
# What the store cannot know: when the original left this disk, and when it was read back before.
ONLY_ROWS_KNOW = {"stored_at", "verified_at", "evicted_at", "place"}


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_PATH = tmp_path / "data"
    settings.DATA_PATH.mkdir()
    (settings.DATA_PATH / FILE).write_text(f"{INSTRUMENT}\n")
    yield settings.DATA_PATH
    register_store_watch(None)


def use(bench) -> None:
    """Make its store that of the process, and let it send side files too."""
    register_store_watch(StoreWatch(bench.store))
    bench.spool._side_files = bench.side_files


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    printed = io.StringIO()
    try:
        call_command("rebuild", "--from-store", *arguments, stdout=printed)
    except SystemExit as ended:
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def lose_rows() -> None:
    for model in (JobGap, Image, Job):
        model.objects.all()._raw_delete("default")


def lose_the_disk(archive) -> None:
    shutil.rmtree(archive.root)


def evict_all(bench) -> None:
    use(bench)
    bench.go_on(most=1000)
    bench.clock.run(DAY_LATER)
    bench.go_on(most=1000)
    while bench.evictor.make_room():
        pass
