# ruff: noqa: RUF001 (letters that look like others are what is tested)
import unicodedata
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from folding import fold
from images.models import Image
from images.tests.frames import TAKEN_AT

pytestmark = pytest.mark.django_db
migration = import_module("images.migrations.0012_search_text")
PAIRS = [
    ("ОБРАЗЕЦ печени", "образец"),
    ("образец", ["ОБРАЗЕЦ", "ПЕЧЕНИ"][0]),
    (unicodedata.normalize("NFD", "Präparat 7"), unicodedata.normalize("NFC", "präparat")),
    (unicodedata.normalize("NFC", "Präparat 7"), unicodedata.normalize("NFD", "PRÄPARAT")),
    ("Lange Straße", "STRASSE"),
    ("STRASSE", "straße"),
    ("ＤＡＰＩ　ｓｔａｉｎ", "dapi stain"),
    ("dapi", "ＤＡＰＩ"),
    ("5 \u00b5m section", "5 \u03bcM"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("ﬁbroblast", "FIBRO"),
    ("mouse\u00a0liver", "mouse liver"),
    ("zero\u200bwidth", "zerowidth"),
    ("100%_\"x'y", "100%_\"X'Y"),
    ("肝細胞", "肝"),
    ("肝細胞", "細胞"),
]


@pytest.fixture
def found(api, viewer):
    """found("text") returns the numbers of the images that a viewer finds."""
    client = api(viewer)
    return lambda text: [one["imageId"] for one in client.get("/api/v1/images", {"text": text}).json()["results"]]


@pytest.mark.parametrize(("stored", "asked"), PAIRS)
@pytest.mark.parametrize("field", ["note", "sample"])
def test_a_text_is_found_however_it_is_written(keep_image, api, operator, found, field, stored, asked):
    image = keep_image()
    assert api(operator).patch(f"/api/v1/images/{image.pk}", {field: stored}, format="json").status_code == 200
    assert found(asked) == [image.pk]
    assert found("unheard-of") == []


@pytest.mark.parametrize("asked", ["50%", "a_b", 'x"y', "NEAR(a b)", "a*", "note:a", "AND", "ıI", "İ", "%", "_", '"'])
def test_signs_of_a_search_language_are_plain_text(keep_image, found, asked):
    image = keep_image()
    assert found(asked) == ([image.pk] if asked == "_" else [])
    Image.objects.filter(pk=image.pk).update(note=f"before {asked} behind")
    assert found(asked) == [image.pk]


def test_the_index_follows_every_way_in_which_a_text_is_changed(keep_image, cheap_images, found):
    kept = keep_image()
    cheap = cheap_images([TAKEN_AT])[0]
    Image.objects.filter(pk=cheap.pk).update(sample="ÖLBILD")
    assert found("ölbild") == [cheap.pk]
    Image.objects.filter(sample="ÖLBILD").update(sample="Aquarell")
    assert (found("ölbild"), found("AQUARELL")) == ([], [cheap.pk])
    kept.note = "ПОЧКА"
    kept.save(update_fields=["note"])
    assert found("почка") == [kept.pk]
    cheap.note = "Почка"
    Image.objects.bulk_update([cheap], ["note"])
    assert set(found("ПОЧКА")) == {kept.pk, cheap.pk}
    kept.delete()
    assert found("почка") == [cheap.pk]


def test_rows_from_before_the_folding_are_folded_by_the_migration(cheap_images, found):
    image = cheap_images([TAKEN_AT])[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE images SET note = %s, search_text = NULL", ["ОБРАЗЕЦ"])
    assert found("образец") == []
    migration.fold_rows(apps, SimpleNamespace(connection=connection))
    assert found("образец") == [image.pk]


@pytest.mark.parametrize("asked", ["ADA", "ＡＤＡ", "ada"])
def test_a_user_is_found_by_a_name_that_looks_the_same(keep_image, api, viewer, asked):
    image = keep_image()
    answer = api(viewer).get("/api/v1/images", {"user": asked}).json()
    assert [one["imageId"] for one in answer["results"]] == [image.pk]


def test_the_admin_finds_what_the_gallery_finds(client, administrator, keep_image):
    image = keep_image()
    Image.objects.filter(pk=image.pk).update(sample="Präparat")
    client.force_login(administrator)
    assert image.filename in client.get("/admin/images/image/", {"q": "PRÄPARAT"}).content.decode()


def test_folding_twice_changes_nothing_more():
    letters = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    assert [letter for letter in letters if fold(fold(letter)) != fold(letter)] == []
