"""Fixtures for the tests of every app: each test has a camera, an archive and users of its own."""

import os

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import override_settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.engine.frame_loop import Timing
from camera.engine.process_lock import CameraLock
from camera.engine.requests import SettingsRequest
from camera.live.admission import AdmissionChecker
from camera.live.view import LiveView
from camera.registry import the_instrument
from camera.service import Camera
from images.archive.archive import Archive
from images.archive.group import GroupWriter
from images.control.control import Control, register_control
from images.index.backfiller import RowBackfiller
from images.index.idempotency import IdempotentCaptures
from images.index.thumbnails import Thumbnails
from images.library import the_library
from images.run_days import RunDays, register_run_days
from microscope.offline.copy import OfflineCopy, register_copy
from microscope.tests.cheap_passwords import CHEAP
from microscope.tests.emptying import empty_quickly


@pytest.fixture(scope="session", autouse=True)
def quick_flush(django_db_setup, django_db_blocker):
    """A test that works on several connections empties the database at its end."""
    with django_db_blocker.unblock():
        empty_quickly()


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once():
    """Every client of a test would look them up again."""
    middleware = django_settings.MIDDLEWARE
    place = middleware.index("whitenoise.middleware.WhiteNoiseMiddleware")
    middleware[place] = "microscope.tests.static_files.StaticFilesFoundOnce"


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords():
    """A slow hash would make every user of a test slow."""
    with override_settings(PASSWORD_HASHERS=[CHEAP]):
        yield


@pytest.fixture(autouse=True)
def empty_optics_cache():
    """The current objective of one test must not be known to the next one."""
    the_library().optics.forget()


@pytest.fixture(autouse=True)
def new_run_days():
    """Each test has its own count of run days and its own clock."""
    register_run_days(RunDays())


@pytest.fixture(autouse=True)
def free_camera_control():
    """Nobody controls the camera when a test begins."""
    register_control(Control())


@pytest.fixture(autouse=True)
def nobody_goes_on_offline(tmp_path_factory):
    """Who signed in in one test is not known to the next one. The tests of the outage have a copy of their own."""
    register_copy(OfflineCopy(tmp_path_factory.getbasetemp() / "signed-in.txt", grace_s=0))


@pytest.fixture
def drivers() -> list[SimulatedDriver]:
    """All simulated drivers that the camera of the test opened, the newest last."""
    return []


@pytest.fixture
def camera(tmp_path, drivers):
    """A small simulated camera. It replaces the camera of the process, and opens at its first use."""

    def make_driver() -> SimulatedDriver:
        drivers.append(SimulatedDriver(MODELS["colour-small"]))
        return drivers[-1]

    selection = DriverSelection("simulated", make_driver, make_driver, SeenCamera(tmp_path))
    camera = Camera(
        selection, CameraLock(tmp_path), SettingsRequest(5.0, 0.0), Timing(call_timeout_s=10.0, keep_streaming_s=1.0)
    )
    live = LiveView(camera, most_watchers=3, most_fps=100)
    config = the_instrument()
    before = config.camera, config.live, config.admission_checker
    config.camera, config.live = camera, live
    # Its thread would read the database outside the test's transaction, where no users exist.
    config.admission_checker = AdmissionChecker(find_lapsed=lambda admissions: set())
    yield camera
    live.close()
    camera.close()
    config.camera, config.live, config.admission_checker = before


@pytest.fixture
def archive(tmp_path):
    """An empty archive with its thumbnails and backfiller. It replaces the archive of the process."""
    config = the_library()
    before = config.archive, config.thumbnails, config.backfiller, config.idempotent_captures, config.group_writer
    config.archive = Archive(tmp_path / "images", reserve_bytes=1_000_000, memory=tmp_path / "archive-folder.txt")
    config.thumbnails = Thumbnails(tmp_path / "thumbnails", config.archive)
    config.backfiller = RowBackfiller(config.archive)
    config.idempotent_captures = IdempotentCaptures(the_library().archive)
    config.group_writer = GroupWriter(config.archive)
    yield config.archive
    config.backfiller.close()
    config.thumbnails.close()
    config.archive, config.thumbnails, config.backfiller, config.idempotent_captures, config.group_writer = before


@pytest.fixture
def make_user(db):
    """make_user("ada", "operators") returns a user with this role. Without a role the user may do nothing."""

    def make(username: str, *roles: str, **fields):
        user = get_user_model().objects.create_user(username, password=f"{username}-password", **fields)
        user.groups.add(*Group.objects.filter(name__in=roles))
        return user

    return make


@pytest.fixture
def viewer(make_user):
    return make_user("vera", "viewers")


@pytest.fixture
def operator(make_user):
    return make_user("ada", "operators")


@pytest.fixture
def administrator(db):
    return get_user_model().objects.create_superuser("root", password="root-password")


@pytest.fixture
def api():
    """api() sends requests without a sign-in; api(user) sends them with the token of that user."""

    def make(user=None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
        return client

    return make


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of the other database."""
    other = "on_sqlite" if connection.vendor == "postgresql" else "on_postgresql"
    left_out = [item for item in items if item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def needs_postgres() -> str:
    """The address of the PostgreSQL server for tests. Skips the test if there is none, unless the environment demands
    one."""
    import psycopg

    address = os.environ.get("TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432")
    try:
        psycopg.connect(f"{address}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError as problem:
        if os.environ.get("REQUIRE_POSTGRES"):
            raise
        pytest.skip(f"no PostgreSQL at {address}: {problem}")
    return address
