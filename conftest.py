"""What tests of every app share: a camera, an archive and people of their own for each test."""

import os
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from camera.drivers.choice import DriverChoice
from camera.drivers.simulated import MODELS, SimulatedDriver
from camera.frame_loop import Timing
from camera.live import LiveView
from camera.ownership import CameraLock, SeenCamera
from camera.service import Camera
from camera.turns import Wanted
from images.archive import Archive
from images.idempotency import OnceOnly
from images.listing import Registrar
from images.optics import Optics
from images.thumbnails import Thumbnails

make_roles = import_module("images.migrations.0002_roles").make_roles
let_managers_calibrate = import_module("images.migrations.0004_scale").let_managers_calibrate


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    """A hash that is made to take long makes every user of a test take long."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def forgetful_optics():
    """What one test knows of the objective in use, the next does not."""
    apps.get_app_config("images").optics = Optics()


@pytest.fixture
def drivers() -> list[SimulatedDriver]:
    """Every simulated driver that the test's camera opened, the newest last."""
    return []


@pytest.fixture
def camera(tmp_path, drivers):
    """A small simulated camera, put in the place of the process's own. Closed until it is used."""

    def make_driver() -> SimulatedDriver:
        drivers.append(SimulatedDriver(MODELS["colour-small"]))
        return drivers[-1]

    choice = DriverChoice("simulated", make_driver, make_driver, SeenCamera(tmp_path))
    camera = Camera(choice, CameraLock(tmp_path), Wanted(5.0, 0.0), Timing(call_timeout_s=2.0, keep_streaming_s=1.0))
    live = LiveView(camera, most_watchers=3, most_fps=100)
    config = apps.get_app_config("camera")
    before = config.camera, config.live
    config.camera, config.live = camera, live
    yield camera
    live.close()
    camera.close()
    config.camera, config.live = before


@pytest.fixture
def archive(tmp_path):
    """An empty archive, put in the place of the process's own, with thumbnails and registrar to match."""
    config = apps.get_app_config("images")
    before = config.archive, config.thumbnails, config.registrar, config.once_only
    config.archive = Archive(tmp_path / "images", reserve_bytes=1_000_000, memory=tmp_path / "archive-folder.txt")
    config.thumbnails = Thumbnails(tmp_path / "thumbnails", config.archive)
    config.registrar = Registrar(config.archive)
    config.once_only = OnceOnly()
    yield config.archive
    config.registrar.close()
    config.archive, config.thumbnails, config.registrar, config.once_only = before


@pytest.fixture
def make_user(db):
    """make_user("ada", "operators") is a user with that role; without a role they may do nothing."""

    def make(username: str, *roles: str, **facts):
        user = get_user_model().objects.create_user(username, password=f"{username}-password", **facts)
        if not Group.objects.exists():
            make_roles(apps, None)  # a test before this one emptied the database
            let_managers_calibrate(apps, None)
        user.groups.set(Group.objects.filter(name__in=roles))
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
    """api() asks as a stranger; api(user) with that user's token."""

    def make(user=None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
        return client

    return make


@pytest.fixture(scope="session")
def needs_postgres() -> str:
    """The address of the PostgreSQL server for tests; skips where there is none, unless one is demanded."""
    import psycopg

    address = os.environ.get("TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432")
    try:
        psycopg.connect(f"{address}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError as problem:
        if os.environ.get("REQUIRE_POSTGRES"):
            raise
        pytest.skip(f"no PostgreSQL at {address}: {problem}")
    return address
