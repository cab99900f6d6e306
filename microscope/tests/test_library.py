"""A library without a camera: what its pages, its API, its status and its commands say of what it does not have."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.first_administrator import has_administrator
from camera.absent.camera import AbsentCamera
from camera.live.links import make_live_link
from camera.registry import the_instrument
from images.models import Instrument, Job
from microscope.metrics.measured import read_camera
from microscope.setup.door import the_door
from microscope.status.read import read_status_from_outside
from tests.promises.routes import API

pytestmark = pytest.mark.django_db
OPEN = [{"name": "scope-1", "url": "https://scope-1.lab.example"}, {"name": "scope-2", "url": ""}]
# What a library can do without a camera. All else below these addresses needs one.
WHOLE = ("/api/v1/camera", "/api/v1/control", "/api/v1/storage")
OF_JOBS = ("/api/v1/jobs",)


@pytest.fixture(autouse=True)
def library(settings):
    settings.MICROSCOPE_ROLE, settings.CAMERA_DRIVER = "library", "none"
    config = the_instrument()
    before, config.camera = config.camera, AbsentCamera()
    yield config.camera
    config.camera = before


@pytest.fixture
def instruments():
    return [
        {"id": str(Instrument.objects.create(**fields).pk), "name": fields["name"], "url": fields["url"]}
        for fields in OPEN
    ]


def list_views(patterns, root=""):
    for pattern in patterns:
        route = root + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from list_views(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls"):
            yield f"/{route}", pattern.callback.cls


def needs_a_camera(address: str, method: str) -> bool:
    return address.startswith(WHOLE) or (address.startswith(OF_JOBS) and method != "GET")


def fill_in(address: str) -> str:
    return re.sub("<int:[a-z_]+>", "1", address)


NEEDING = [(m, a) for a, methods in API.items() for m in methods if needs_a_camera(a, m)]


@pytest.mark.parametrize(("method", "address"), NEEDING)
def test_what_needs_a_camera_says_where_the_cameras_are(method, address, api, administrator, instruments):
    answer = api(administrator).generic(method, fill_in(address), "{}", "application/json")
    assert answer.status_code == 404
    assert answer.json() == {
        "statusCode": 404,
        "code": "no_camera",
        "message": "This is the library, which has no camera. Open one of the instruments.",
        "errors": {},
        "instruments": instruments,
    }


def test_whoever_may_not_use_it_learns_of_no_instrument(api, viewer, instruments):
    assert api().get("/api/v1/camera").status_code == 401
    refused = api(viewer).post("/api/v1/camera/capture")
    assert refused.status_code == 403 and "instruments" not in refused.json()


def test_every_view_names_just_what_needs_a_camera():
    found = {
        (method, address)
        for address, view in list_views(get_resolver().url_patterns)
        for method in getattr(view, "uses_camera", ())
    }
    assert found == set(NEEDING)


def test_a_link_to_the_live_view_leads_to_the_instruments(client, viewer, instruments):
    link = make_live_link(viewer)
    for path in (link.stream_path, link.frame_path):
        answer = client.get(path)
        assert answer.status_code == 404 and "scope-1" in answer.content.decode()
        assert "scope-1" not in client.get(path.replace("/live/", "/live/x", 1)).content.decode()


def test_the_first_page_is_not_the_live_page(client, operator):
    client.force_login(operator)
    answer = client.get("/")
    assert answer.status_code == 302 and answer["Location"] in ("/images/", "/instruments/")


@pytest.mark.parametrize("address", ["/images/", "/jobs/", "/objectives/", "/images/bin/", "/profile"])
def test_pages_lead_to_no_live_picture_and_ask_nothing_of_a_camera(address, client, operator):
    client.force_login(operator)
    page = client.get(address).content.decode()
    assert ">Live</a>" not in page and ">Images</a>" in page and "<strong>Library</strong>" in page
    for missing in ("data-poll-camera", "data-storage", "status-state", "simulated-badge", "asked-dialog", "New job"):
        assert missing not in page


def test_a_page_that_needs_a_camera_names_the_instruments(client, operator, instruments):
    client.force_login(operator)
    answer = client.get("/jobs/new/")
    page = answer.content.decode()
    assert answer.status_code == 404 and "no_camera" in page
    assert '<a href="https://scope-1.lab.example">scope-1</a>' in page and "scope-2" in page
    assert "Back to the library" in page


def test_the_job_of_an_instrument_has_no_buttons(client, operator, instruments):
    of_scope = {"instrument_id": instruments[0]["id"], "plan": {}, "state": "running", "expected": 2}
    job = Job.objects.create(name="Wound 3", user=operator, **of_scope)
    client.force_login(operator)
    page = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "Wound 3" in page and "/pause" not in page and "/stop" not in page
    assert client.post(f"/jobs/{job.pk}/stop").status_code == 404
    job.refresh_from_db()
    assert job.state == "running"


def test_it_is_well_without_a_camera(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["status"], said["checks"]) == ("ok", {"database": "ok"})
    assert said["camera"]["state"] == "none" and "spool" not in said


def test_the_status_tells_of_what_a_library_has(client, administrator):
    client.force_login(administrator)
    page = client.get("/status/").content.decode()
    assert "Database" in page and "Webhooks" in page
    names = {line.name for line in read_status_from_outside().lines}
    assert not names & {"Camera", "Camera library", "USB", "Control", "Jobs", "Disk", "Folder", "Spool", "Backup"}
    assert list(read_camera()) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("camera",), "has no camera. Open one of the instruments."),
        (("capture", "--user", "ada"), "has no camera"),
        (("job", "run", "-", "--user", "ada"), "has no camera"),
        (("verify",), "keeps no originals of its own. Run this on each instrument."),
        (("rebuild",), "keeps no originals of its own. Run this on each instrument."),
        (("backup", "/backups"), "Back up the database and the store with their own means."),
    ],
)
def test_commands_say_where_to_run_them(command, said):
    with pytest.raises(CommandError, match=said):
        call_command(*command, stdout=io.StringIO())


def test_the_first_start_asks_for_a_password_and_no_more(client, archive):
    secret = the_door().shut()
    try:
        page = client.get(f"/setup/start/{secret}").content.decode()
        assert "First start, step 1 of 1" in page
        chosen = {"username": "grace", "password": "a-long-enough-word-19"}
        answer = client.post(f"/setup/start/{secret}", chosen)
        assert answer.status_code == 302 and answer["Location"] == "/"
        assert client.get("/setup/pictures/").status_code == 404
        assert not archive.root.exists()
    finally:
        the_door().open()


def test_a_node_that_waits_to_be_set_up_opens_once_another_one_was(client, administrator):
    the_door().shut()
    try:
        assert has_administrator()
        assert client.get("/sign-in").status_code == 200
        assert not the_door().is_shut
    finally:
        the_door().open()


def test_a_node_waits_while_nobody_has_set_any_up(client):
    the_door().shut()
    try:
        assert client.get("/sign-in").status_code == 503
    finally:
        the_door().open()
