"""The version is written in one place, and everything that shows a version shows this one."""

import re
import subprocess
import sys
import tomllib

import pytest

from images.formats.jpeg import read_record
from images.library import the_library
from microscope import VERSION
from microscope.tests.server_process import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


def of_the_command_line(api, client, user):
    done = subprocess.run([sys.executable, "manage.py", "--version"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def of_health(api, client, user):
    return "Microscope " + api(user).get("/health").json()["version"]


def of_the_page(api, client, user):
    client.force_login(user)
    dialog = re.search(r'<dialog id="keys-dialog".*?</dialog>', client.get("/").content.decode(), re.DOTALL)[0]
    return re.search(r"Microscope [\w.]+", dialog)[0]


def of_the_schema(api, client, user):
    schema = api(user).get("/api/schema").content.decode()
    return "Microscope " + re.search(r"^  version: (\S+)$", schema, re.MULTILINE)[1]


def of_a_record(api, client, user):
    filename = api(user).post("/api/v1/camera/capture", {}, format="json").json()["filename"]
    return read_record(the_library().archive.path_of(filename))["software"]


@pytest.mark.parametrize(
    "tell", [of_the_command_line, of_health, of_the_page, of_the_schema, of_a_record], ids=lambda tell: tell.__name__
)
def test_everything_tells_the_same_version(tell, api, client, operator):
    assert tell(api, client, operator) == f"Microscope {VERSION}"


@pytest.mark.parametrize("command", [["version"], ["serve", "--version"], ["verify", "--version"]], ids=" ".join)
def test_no_command_tells_the_version_of_something_else(command):
    done = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == (f"Microscope {VERSION}\n", 0)


def test_pyproject_takes_the_version_from_the_same_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "microscope.VERSION"}


def test_health_tells_strangers_no_version(api, client):
    assert "version" not in client.get("/health").json()
    stranger = api()
    stranger.credentials(HTTP_AUTHORIZATION="Bearer dead")
    answer = stranger.get("/health")
    assert (answer.status_code, "version" in answer.json()) == (200, False)


def test_health_tells_a_browser_that_is_signed_in(client, viewer):
    client.force_login(viewer)
    assert client.get("/health").json()["version"] == VERSION
