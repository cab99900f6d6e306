import json

import pytest

from images.index.adoption import adopt_unlisted
from images.library import the_library
from images.models import Image

pytestmark = pytest.mark.django_db
IMAGES = "/api/v1/images"


@pytest.fixture
def manager(make_user):
    return make_user("mia", "managers")


@pytest.fixture
def edit(api, operator, image):
    """edit(note="x") changes the image as the operator who captured it."""
    client = api(operator)
    return lambda **body: client.patch(f"{IMAGES}/{image.pk}", json.dumps(body), content_type="application/json")


def test_note_sample_and_position_are_changed_and_the_original_is_not(edit, api, viewer, archive, image):
    before = archive.path_of(image.filename).read_bytes()
    answer = edit(note="two\nlines", sample=" liver 7 ", xPosition=1.5, yPosition=None, zPosition=-2).json()
    assert (answer["note"], answer["sample"]) == ("two\nlines", "liver 7")
    assert (answer["xPosition"], answer["yPosition"], answer["zPosition"]) == (1.5, None, -2.0)
    assert (answer["mayEdit"], answer["mayBin"]) == (True, True)

    seen = api(viewer).get(f"{IMAGES}/{image.pk}").json()
    assert seen == {**answer, "mayEdit": False, "mayBin": False}
    assert archive.path_of(image.filename).read_bytes() == before


def test_what_is_left_out_stays(edit):
    edit(note="first", sample="liver", xPosition=1)
    answer = edit(note="").json()
    assert (answer["note"], answer["sample"], answer["xPosition"]) == ("", "liver", 1.0)
    assert edit().json() == answer


def test_a_manager_changes_anybodys_image(api, manager, image):
    answer = api(manager).patch(f"{IMAGES}/{image.pk}", {"note": "seen"}, format="json").json()
    assert (answer["note"], answer["mayEdit"]) == ("seen", True)


def test_an_operator_may_not_change_anothers_image(api, make_user, image):
    response = api(make_user("eve", "operators")).patch(f"{IMAGES}/{image.pk}", {"note": "mine"}, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "not_yours")
    assert Image.objects.get().note == ""


def test_viewers_may_not_change_even_their_own_images(api, operator, viewer, image):
    operator.groups.set(viewer.groups.all())
    response = api(operator).patch(f"{IMAGES}/{image.pk}", {"note": "mine"}, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("note", value) for value in (None, 5, True, [], {}, "a\0b", "\x1b[0m", "x" * 10_001, "\ud800")],
        *[("sample", value) for value in (None, 5, "x" * 201)],
        *[("xPosition", value) for value in ("1", True, float("nan"), 10**400)],
        *[("filename", "other.jpg"), ("exposureTime", 5), ("binnedAt", None)],
    ],
)
def test_a_change_that_makes_no_sense_is_told_by_its_name(edit, field, value):
    response = edit(**{field: value})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert Image.objects.get().note == ""


@pytest.mark.parametrize("image_id", ["4711", "9" * 30])
def test_an_image_that_is_not_there_cannot_be_changed(api, operator, image_id):
    assert api(operator).patch(f"{IMAGES}/{image_id}", {"note": "x"}, format="json").status_code == 404


@pytest.mark.usefixtures("camera")
def test_a_session_changes_only_with_the_token_against_forgery(client, operator, image):
    client.force_login(operator)
    client.handler.enforce_csrf_checks = True
    response = client.patch(f"{IMAGES}/{image.pk}", {"note": "forged"}, content_type="application/json")
    assert (response.status_code, Image.objects.get().note) == (403, "")


@pytest.mark.usefixtures("camera", "archive")
@pytest.mark.parametrize("image_format", ["jpg", "png"])
@pytest.mark.parametrize("note", ["seen at 10:30", "\u4e2d" * 10_000, "\U0001f52c" * 10_000, '"\n' * 5_000])
def test_what_is_said_at_capture_travels_in_the_file_and_comes_back_with_it(api, operator, image_format, note):
    said = {"sample": "s" * 200, "note": note, "format": image_format}
    answer = api(operator).post("/api/v1/camera/capture", said, format="json").json()
    Image.objects.all()._raw_delete("default")

    assert adopt_unlisted(the_library().archive) == 1
    image = Image.objects.get()
    assert (image.filename, image.sample, image.note) == (answer["filename"], said["sample"], note)
    assert (image.metadata["sample"], image.metadata["note"]) == (said["sample"], note)


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize(("field", "value"), [("sample", "x" * 201), ("note", "x" * 10_001), ("note", 5)])
def test_a_capture_with_too_long_a_text_is_refused(api, operator, archive, field, value):
    response = api(operator).post("/api/v1/camera/capture", {field: value}, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert not list(archive.root.rglob("*.jpg"))


def test_an_original_verified_is_unchanged_until_a_bit_of_it_is(api, viewer, archive, image):
    client, address = api(viewer), f"{IMAGES}/{image.pk}/verify"
    answer = client.post(address).json()
    assert answer.pop("checkedAt").endswith("Z")
    assert answer == {
        "unchanged": True,
        "sha256": image.sha256,
        "expectedSha256": image.sha256,
        "fileSize": image.file_size,
    }
    path = archive.path_of(image.filename)
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    answer = client.post(address).json()
    assert (answer["unchanged"], answer["expectedSha256"]) == (False, image.sha256)
    assert answer["sha256"] != image.sha256


def test_a_lost_original_cannot_be_verified(api, viewer, archive, image):
    archive.remove(image.filename)
    response = api(viewer).post(f"{IMAGES}/{image.pk}/verify")
    assert (response.status_code, response.json()["code"]) == (404, "original_missing")
