"""The files that start a library on a server name only what there is."""

import re
from pathlib import Path

import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
TEXT = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")


def test_the_library_is_set_up_by_settings_that_exist():
    given = COMPOSE["services"]["library"]["environment"]
    assert set(given) <= set(settings.SETTING_NAMES)
    assert given["MICROSCOPE_ROLE"] == "library"


def test_all_that_a_library_needs_is_given():
    given = COMPOSE["services"]["library"]["environment"]
    assert {"DATABASE_URL", "S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY", "SECRET_KEY"} <= set(given)


def test_every_word_of_the_lab_stands_in_the_example():
    asked = set(re.findall(r"\$\{(\w+)", TEXT))
    example = (ROOT / "deploy" / "example.env").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^(\w+)=", example, re.M))


def test_what_is_copied_into_the_picture_is_there_and_the_secrets_are_not():
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    for name in re.findall(r"requirements[\w-]*\.txt", lines):
        assert (ROOT / name).is_file()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".env", "deploy/.env", "data"} <= set(ignored)
