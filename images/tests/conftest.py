"""Fixtures of the library's tests: images without a camera, and a database that refuses rows."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from camera.engine.requests import Permit
from camera.frame import Frame
from camera.registry import the_instrument
from camera.results.taken_frame import TakenFrame
from images.archive.archive import Archive, StoredFile
from images.calibration.calibrate import calibrate
from images.calibration.objectives import choose_objective
from images.calibration.scale import Line
from images.formats import FORMATS
from images.index.backfiller import RowBackfiller
from images.index.listing import list_original
from images.library import the_library
from images.models import Calibration, Image, Job, Objective
from images.record.jobs import JobRef, describe_job
from images.tests.clocks import SetClock
from images.tests.frames import TAKEN_AT, make_frame, make_record_of, make_taken
from images.tests.jobs import Bench
from images.tests.spoiled import keep_over_three_days


@pytest.fixture
def keep_original(archive: Archive) -> Callable[..., tuple[StoredFile, dict[str, Any]]]:
    """keep_original() puts an original into the archive, without a row in the database."""

    def keep(
        taken_at: datetime = TAKEN_AT,
        image_format: str = "jpg",
        username: str = "ada",
        user_id: str | None = None,
        job=None,
        objective=None,
        scale=None,
        **said: Any,
    ):
        frame = make_frame(taken_at=taken_at, **said)
        record = make_record_of(
            frame, image_format, username, job=job, objective=objective, scale=scale, user_id=user_id
        )
        known = FORMATS[image_format]
        return archive.keep(taken_at, known.extension, lambda file: known.write(file, frame.pixels, record, 95)), record

    return keep


@pytest.fixture
def keep_image(keep_original, operator) -> Callable[..., Image]:
    """keep_image() makes an image with file and row. `is_simulated` changes only the row."""

    def keep(user=operator, job: Job | None = None, is_simulated: bool = False, **fields: Any) -> Image:
        described = describe_job(JobRef(job.pk, job.lasting_id, job.name)) if job else None
        kept, record = keep_original(username=user.username, user_id=str(user.lasting_id), job=described, **fields)
        return list_original(kept, {**record, "simulated": is_simulated}, user_id=user.pk, job_id=job and job.pk)

    return keep


@pytest.fixture
def image(keep_image) -> Image:
    """One image of ada's. A module that needs a special one has a fixture of this name itself."""
    return keep_image()


@pytest.fixture
def images(keep_image, operator) -> list[Image]:
    """Six images over three days, two a day; the first was edited. Other modules have their own."""
    return keep_over_three_days(keep_image, operator)


class StillCamera:
    """Returns the same frame again and again, as if all captures fell into one millisecond."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def take(
        self,
        exposure_ms: float | None = None,
        gain_db: float | None = None,
        asked_at_s: float | None = None,
        permit: Permit | None = None,
    ) -> TakenFrame:
        return make_taken(self._frame)


@pytest.fixture
def still_camera(camera) -> StillCamera:
    """Replaces the camera until the test ends."""
    config = the_instrument()
    config.camera = StillCamera(make_frame())
    return config.camera


@pytest.fixture
def impatient_backfiller(archive) -> RowBackfiller:
    """A backfiller that tries again almost at once."""
    the_library().backfiller = RowBackfiller(archive, retry_s=0.05)
    return the_library().backfiller


@pytest.fixture
def cheap_images(operator) -> Callable[[list[datetime]], list[Image]]:
    """cheap_images(moments) makes rows without files."""

    def make(moments: list[datetime]) -> list[Image]:
        fields = {"user": operator, "exposure_ms": 1, "gain_db": 0, "file_size": 1, "width": 1, "height": 1}
        names = [f"capture_{moment:%Y%m%d_%H%M%S}_{number:03d}.jpg" for number, moment in enumerate(moments)]
        return Image.objects.bulk_create(
            Image(captured_at=moment, filename=name, image_format="jpg", is_simulated=True, **fields)
            for moment, name in zip(moments, names, strict=True)
        )

    return make


@contextmanager
def rows_refused(table: str = "images") -> Iterator[None]:
    """During the block another connection locks the table, and ours fails soon. On SQLite all tables are locked."""
    if connection.vendor == "sqlite":
        other = sqlite3.connect(connection.settings_dict["NAME"], uri=True, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with psycopg.connect(**server_address()) as other, other.cursor() as cursor, connection.cursor() as ours:
        ours.execute("SET lock_timeout = '200ms'")
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()
        ours.execute("RESET lock_timeout")


def server_address() -> dict[str, Any]:
    known = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return {name: connection.settings_dict[key] for name, key in known.items() if connection.settings_dict[key]}


def wait_until(is_so: Callable[[], object], within_s: float = 20.0, every_s: float = 0.01) -> None:
    """Look until it is so. Ask a server less often: each question takes time that it needs for its work."""
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s, "it did not come true in time"
        time.sleep(every_s)


@pytest.fixture
def browser(client, administrator):
    """A test client that is signed in to the admin."""
    client.force_login(administrator)
    return client


@pytest.fixture
def objective(db) -> Objective:
    return Objective.objects.create(name="10x", magnification=10, numerical_aperture=0.25)


@pytest.fixture
def manager(make_user):
    return make_user("mary", "managers")


@pytest.fixture
def micrometer(keep_image) -> Image:
    """A picture of a stage micrometer, 64 by 48 pixels, by the camera 775001234."""
    return keep_image()


@pytest.fixture
def calibrated(objective, micrometer, manager) -> Calibration:
    """A calibration of the objective in use: half a micrometre per pixel on that camera."""
    choose_objective(objective.pk, manager)
    line = Line(10, 20, 50, 20)
    return calibrate(objective.pk, micrometer.pk, line, length_um=20, by=manager).calibration


@pytest.fixture
def own_data_folder(archive, settings, tmp_path) -> None:
    """The settings name this test's archive and a data folder of its own, as commands of manage.py need it."""
    settings.DATA_PATH = tmp_path / "data"
    settings.DATA_PATH.mkdir()
    settings.IMAGE_SAVE_PATH = archive.root
    settings.MINIMUM_FREE_MB = 1


@pytest.fixture
def disk(tmp_path) -> Path:
    """The folder for backups. It does not exist yet."""
    return tmp_path / "backups"


@pytest.fixture
def bench(archive, tmp_path) -> Iterator[Bench]:
    """Carries out jobs; a clock that the test sets passes the time."""
    bench = Bench(archive, tmp_path, SetClock())
    yield bench
    bench.supervisor._lock.release()


@pytest.fixture
def see(client, operator):
    """see(address) returns the page as an operator sees it."""
    client.force_login(operator)

    def get(address: str, status: int = 200) -> str:
        response = client.get(address)
        assert response.status_code == status
        return response.content.decode()

    return get
