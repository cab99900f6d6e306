"""A newcomer in the first minutes of an installation."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

from microscope.setup.door import the_door

PASSWORD = "a-long-secret-word"


@pytest.fixture
def data_path(settings, tmp_path) -> Path:
    settings.DATA_PATH = tmp_path
    settings.IMAGE_SAVE_PATH = tmp_path / "images"
    yield tmp_path
    the_door().open()


@pytest.fixture
def newcomer(data_path, archive, camera, db) -> Client:
    """A browser that has come in by the link and has set the password."""
    client = Client()
    client.post(f"/setup/start/{the_door().shut()}", {"username": "admin", "password": PASSWORD})
    return client


def words(response) -> str:
    """Return the text of the page without markup."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())
