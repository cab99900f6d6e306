"""Every field of the table appears everywhere. A new field needs only its line in the table and its column."""

import json
from pathlib import Path

import pytest
from django.urls import reverse

from images.capture.capture import capture_image
from images.edit.edit import edit_image
from images.editable_fields import EDITABLE_FIELDS, TEXTS, EditableField, join_words
from images.formats import FORMATS
from images.index.adoption import adopt_unlisted
from images.models import Image
from images.tests.sidecars import file_of, read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
searched = [field for field in TEXTS if field.is_searched]


def name_of(field: EditableField) -> str:
    return field.api_name


def example(field: EditableField, number: int) -> str | float:
    """Return a different value for each field and number."""
    place = EDITABLE_FIELDS.index(field)
    return f"w\u00f6rd{place}x{number}" if field.is_text else place + number / 4


def examples(number: int) -> dict[str, str | float]:
    return {field.api_name: example(field, number) for field in EDITABLE_FIELDS}


@pytest.fixture
def capture(api, operator):
    def post(**body) -> dict:
        answer = api(operator).post("/api/v1/camera/capture", body, format="json")
        assert answer.status_code == 201, answer.content
        return answer.json()

    return post


@pytest.fixture
def look(api, operator):
    """look(id) returns the editable fields of the image as the API shows them."""

    def get(image_id: int) -> dict:
        shown = api(operator).get(f"/api/v1/images/{image_id}").json()
        return {field.api_name: shown[field.api_name] for field in EDITABLE_FIELDS}

    return get


def in_file(holder: dict) -> dict:
    return {field.api_name: (holder[field.group] if field.group else holder)[field.key] for field in EDITABLE_FIELDS}


def test_what_is_captured_stands_in_row_and_file_and_outlives_the_database(archive, capture, look):
    captured = capture(**examples(1), format="png")
    record = FORMATS["png"].read_record(Path(captured["filepath"]))
    assert look(captured["imageId"]) == in_file(record) == examples(1)

    Image.objects.all()._raw_delete("default")
    adopt_unlisted(archive)
    assert look(Image.objects.get().pk) == examples(1)


def test_what_is_changed_stands_beside_the_original_and_outlives_the_database(archive, api, operator, capture, look):
    image_id = capture(**examples(1))["imageId"]
    changed = api(operator).patch(f"/api/v1/images/{image_id}", examples(2), format="json").json()
    beside = read(Image.objects.get())
    assert look(image_id) == in_file(beside["values"]) == examples(2)
    assert in_file(beside["history"][-1]["was"]) == examples(1)

    Image.objects.all()._raw_delete("default")
    adopt_unlisted(archive)
    image = Image.objects.get()
    assert (look(image.pk), image.revision) == (examples(2), changed["revision"])


def test_an_export_says_what_stands_now(api, operator, capture, tmp_path):
    image_id = capture(**examples(1))["imageId"]
    api(operator).patch(f"/api/v1/images/{image_id}", examples(2), format="json")
    answer = api(operator).get(f"/api/v1/images/{image_id}/file?as=npy")
    assert answer.status_code == 200
    answer = api(operator).get(f"/api/v1/images/{image_id}/file?as=png")
    content = b"".join(answer.streaming_content)
    for field in TEXTS:
        assert json.dumps(example(field, 2)).strip('"').encode() in content
        assert json.dumps(example(field, 1)).strip('"').encode() not in content


@pytest.mark.parametrize("field", EDITABLE_FIELDS, ids=name_of)
def test_the_history_says_what_stood_there_before(api, operator, capture, field):
    image_id = capture(**examples(1))["imageId"]
    api(operator).patch(f"/api/v1/images/{image_id}", {field.api_name: example(field, 2)}, format="json")
    changes = api(operator).get(f"/api/v1/images/{image_id}/history").json()["entries"][0]["changes"]
    assert [change["sentence"] for change in changes] == [f"{field.label} changed. Before:"]
    assert f"{example(field, 1)}" in changes[0]["before"]


# Files of every version have the stage position.
@pytest.mark.parametrize("field", [field for field in EDITABLE_FIELDS if not field.group], ids=name_of)
def test_a_sidecar_of_a_version_without_the_field_leaves_what_the_original_says(
    archive, operator, capture, look, field
):
    image_id = capture(**examples(1))["imageId"]
    other = next(one for one in EDITABLE_FIELDS if one is not field)
    image = edit_image(image_id, operator, **{other.column: example(other, 2)})
    beside = read(image)
    del beside["values"][field.key]
    file_of(image).write_text(json.dumps(beside), encoding="utf-8")

    Image.objects.all()._raw_delete("default")
    adopt_unlisted(archive)
    assert look(Image.objects.get().pk) == {**examples(1), other.api_name: example(other, 2)}


@pytest.mark.parametrize("field", searched, ids=name_of)
def test_its_words_are_found(api, operator, capture, field):
    wanted = capture(**{field.api_name: example(field, 1)})["imageId"]
    capture(**{field.api_name: example(field, 2)})
    found = api(operator).get("/api/v1/images", {"text": str(example(field, 1)).upper()}).json()["results"]
    assert [image["imageId"] for image in found] == [wanted]
    edit_image(wanted, operator, **{field.column: "other"})
    assert api(operator).get("/api/v1/images", {"text": example(field, 1)}).json()["results"] == []


def test_pages_and_admin_show_all_of_them(client, administrator, capture):
    image_id = capture(**examples(1))["imageId"]
    client.force_login(administrator)
    live, page = client.get("/").content.decode(), client.get(f"/images/{image_id}/").content.decode()
    admin = client.get(reverse("admin:images_image_change", args=[image_id])).content.decode()
    for field in EDITABLE_FIELDS:
        assert field.label in page and f"{example(field, 1)}" in page
        assert f"{example(field, 1)}" in admin
    for field in TEXTS:
        assert f'id="{field.api_name}" data-text' in page
        assert f'id="{field.api_name}" data-text' in live


def test_a_field_that_is_in_no_table_is_refused_before_a_picture_is_taken(operator, capture):
    with pytest.raises(TypeError, match="smaple"):
        capture_image(by=operator, smaple="liver")
    image_id = capture()["imageId"]
    with pytest.raises(TypeError, match="sha256"):
        edit_image(image_id, operator, sha256="0" * 64)
    assert Image.objects.count() == 1


def test_labels_are_joined_as_in_a_sentence():
    assert join_words(["Sample"], "and") == "sample"
    assert join_words(["Sample", "Note"], "and") == "sample and note"
    assert join_words(["Sample", "pH", "Note"], "or") == "sample, pH or note"
