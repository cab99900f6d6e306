"""What the library's tests share: images without a camera, and a database that can be taken away."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from camera.frame import Frame
from images.apps import the_library
from images.archive import Archive, Kept
from images.calibrating import calibrate
from images.formats import FORMATS
from images.listing import Registrar, list_original
from images.models import Calibration, Image, Job, Objective
from images.objectives import choose_objective
from images.scale import Line
from images.tests.frames import TAKEN_AT, make_frame, make_record_of


@pytest.fixture
def keep_original(archive: Archive) -> Callable[..., tuple[Kept, dict[str, Any]]]:
    """keep_original() puts an original into the archive, and no row into the database."""

    def keep(
        taken_at: datetime = TAKEN_AT,
        image_format: str = "jpg",
        username: str = "ada",
        job=None,
        objective=None,
        scale=None,
        **said: Any,
    ):
        frame = make_frame(taken_at=taken_at, **said)
        record = make_record_of(frame, image_format, username, job=job, objective=objective, scale=scale)
        known = FORMATS[image_format]
        return archive.keep(taken_at, known.extension, lambda file: known.write(file, frame.pixels, record, 95)), record

    return keep


@pytest.fixture
def keep_image(keep_original, operator) -> Callable[..., Image]:
    """keep_image() is an image of the library, with file and row. `is_simulated` counts for the row only."""

    def keep(user=operator, job: Job | None = None, is_simulated: bool = False, **facts: Any) -> Image:
        described = {"id": job.pk, "name": job.name} if job else None
        kept, record = keep_original(username=user.username, job=described, **facts)
        return list_original(kept, {**record, "simulated": is_simulated}, user_id=user.pk, job_id=job and job.pk)

    return keep


class StillCamera:
    """Gives one frame again and again, as if every capture fell into the same millisecond."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def capture(
        self, exposure_ms: float | None = None, gain_db: float | None = None, asked_at_s: float | None = None
    ) -> Frame:
        return self._frame


@pytest.fixture
def still_camera(camera) -> StillCamera:
    """Stands in for the camera until the test ends."""
    config = apps.get_app_config("camera")
    config.camera = StillCamera(make_frame())
    return config.camera


@pytest.fixture
def impatient_registrar(archive) -> Registrar:
    """Does not wait long before it tries again."""
    the_library().registrar = Registrar(archive, retry_s=0.05)
    return the_library().registrar


@pytest.fixture
def cheap_images(operator) -> Callable[[list[datetime]], list[Image]]:
    """cheap_images(moments) are rows without files."""

    def make(moments: list[datetime]) -> list[Image]:
        facts = {"user": operator, "exposure_ms": 1, "gain_db": 0, "file_size": 1, "width": 1, "height": 1}
        names = [f"capture_{moment:%Y%m%d_%H%M%S}_{number:03d}.jpg" for number, moment in enumerate(moments)]
        return Image.objects.bulk_create(
            Image(captured_at=moment, filename=name, image_format="jpg", is_simulated=True, **facts)
            for moment, name in zip(moments, names, strict=True)
        )

    return make


@contextmanager
def rows_refused(table: str = "images") -> Iterator[None]:
    """Within the block another connection holds the table, and ours is told so soon. SQLite holds all of them."""
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


def wait_until(is_so: Callable[[], object], within_s: float = 20.0) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s, "it did not come true in time"
        time.sleep(0.01)


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
    """The objective in use: half a micrometre a pixel on that camera."""
    choose_objective(objective.pk, manager)
    line = Line(10, 20, 50, 20)
    return calibrate(objective.pk, micrometer.pk, line, length_um=20, by=manager).calibration


@pytest.fixture
def own_data_folder(archive, settings, tmp_path) -> None:
    """Where a command of the program puts what it keeps."""
    settings.DATA_PATH = tmp_path
