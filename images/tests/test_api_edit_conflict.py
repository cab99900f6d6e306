"""Nobody overwrites a text that they have not seen."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connections

from images.edit.bin import bin_image
from images.edit.edit import edit_image
from images.errors import EditConflict
from images.models import Image
from images.tests.sidecars import file_of, read

pytestmark = pytest.mark.django_db
ALONE = "DO NOT USE blurred"


@pytest.fixture
def address(image) -> str:
    return f"/api/v1/images/{image.pk}"


@pytest.fixture
def ada(api, operator):
    return api(operator)


@pytest.fixture
def mia(api, make_user):
    return api(make_user("mia", "managers"))


def test_a_change_on_an_older_revision_is_refused_and_shows_what_stands_now(ada, mia, address, image):
    seen = ada.get(address).json()["revision"]
    mia.patch(address, {"note": ALONE, "revision": seen}, format="json")
    response = ada.patch(address, {"note": "", "sample": "liver", "revision": seen}, format="json")

    told = response.json()
    assert (response.status_code, told["code"]) == (409, "edit_conflict")
    assert told["message"].startswith("mia changed this image after you last saw it.")
    assert (told["current"]["note"], told["current"]["sample"], told["current"]["changedBy"]) == (ALONE, "", "mia")
    assert told["current"]["changedAt"] == read(image)["history"][-1]["at"]
    now = ada.get(address).json()
    assert (now["note"], now["sample"], now["revision"]) == (ALONE, "", told["current"]["revision"])
    assert read(image)["values"]["note"] == ALONE


def test_with_the_revision_of_the_refusal_the_change_is_made(ada, mia, address):
    mia.patch(address, {"note": ALONE}, format="json")
    current = ada.patch(address, {"note": "mine", "revision": 0}, format="json").json()["current"]
    answer = ada.patch(address, {"note": "mine", "revision": current["revision"]}, format="json")
    assert (answer.status_code, answer.json()["note"]) == (200, "mine")


@pytest.mark.parametrize("written", ["{}", "W/{}", '"junk", {}'])
def test_the_etag_of_an_image_serves_as_if_match(ada, mia, address, written):
    tag = written.format(ada.get(address).headers["ETag"])
    answer = ada.patch(address, {"note": "first"}, format="json", headers={"If-Match": tag})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    refused = ada.patch(address, {"note": "second"}, format="json", headers={"If-Match": tag})
    assert (refused.status_code, refused.json()["current"]["note"]) == (409, "first")
    answer = ada.patch(address, {"note": "second"}, format="json", headers={"If-Match": answer.headers["ETag"]})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("tag", "revision", "status"),
    [
        ("*", None, 200),
        ('"junk"', None, 409),
        ('"0"', 1, 409),
        ('"1"', 1, 200),
        ("*", 0, 409),
        ('"7", "1", "9"', None, 200),
    ],
)
def test_header_and_field_must_both_fit(ada, address, tag, revision, status):
    ada.patch(address, {"note": "first"}, format="json")
    body = {"note": "second"} if revision is None else {"note": "second", "revision": revision}
    assert ada.patch(address, body, format="json", headers={"If-Match": tag}).status_code == status


@pytest.mark.parametrize("revision", [-1, "1", 1.5, None, True])
def test_a_revision_that_makes_no_sense_is_told_by_its_name(ada, address, revision):
    response = ada.patch(address, {"note": "x", "revision": revision}, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["revision"])


def test_without_a_revision_only_what_is_named_is_changed_and_what_it_was_stays_known(ada, mia, address):
    mia.patch(address, {"note": ALONE}, format="json")
    assert ada.patch(address, {"sample": "liver"}, format="json").json()["note"] == ALONE
    ada.patch(address, {"note": "gone"}, format="json")
    assert ada.get(f"{address}/history").json()["entries"][0]["changes"] == [
        {"sentence": "Note changed. Before:", "before": ALONE}
    ]


def test_the_same_change_asked_for_again_is_no_conflict(ada, address):
    for _ in range(2):
        answer = ada.patch(address, {"note": "mine", "revision": 0}, format="json")
        assert (answer.status_code, answer.json()["revision"]) == (200, 1)


def test_a_bin_in_between_is_a_conflict_too(ada, address, image, operator):
    bin_image(image.pk, operator)
    response = ada.patch(address, {"note": "mine", "revision": 0}, format="json")
    assert (response.status_code, response.json()["current"]["binnedAt"] is not None) == (409, True)


def test_a_file_that_a_crash_left_ahead_of_its_row_is_what_stands_now(ada, address, image, operator):
    edit_image(image.pk, operator, note=ALONE)
    Image.objects.filter(pk=image.pk).update(note="", revision=None)
    response = ada.patch(address, {"note": "mine", "revision": 0}, format="json")
    assert (response.status_code, response.json()["current"]["note"]) == (409, ALONE)


@pytest.mark.django_db(transaction=True)
def test_of_many_simultaneous_changes_on_one_revision_one_succeeds(operator, image):
    def change(number: int) -> bool:
        """Retry while the database is locked: SQLite in memory, as in tests, does not wait for locks."""
        while True:
            try:
                edit_image(image.pk, operator, {0}, note=f"n{number}")
                return True
            except EditConflict:
                return False
            except OperationalError:
                time.sleep(0.02)
            finally:
                connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(change, range(6))) == 1
    assert (read(image)["revision"], len(read(image)["history"])) == (1, 1)


def test_the_history_says_who_changed_what_newest_first(ada, mia, address):
    mia.patch(address, {"note": "first", "xPosition": 1.5}, format="json")
    ada.patch(address, {"note": "second", "xPosition": None}, format="json")
    ada.delete(address)
    ada.post(f"{address}/restore")
    told = ada.get(f"{address}/history").json()
    assert told["leftOut"] == 0
    assert [(entry["revision"], entry["by"]) for entry in told["entries"]] == [
        *((4, "ada"), (3, "ada"), (2, "ada"), (1, "mia"))
    ]
    assert [entry["changes"] for entry in told["entries"]] == [
        [{"sentence": "Taken out of the bin.", "before": ""}],
        [{"sentence": "Moved to the bin.", "before": ""}],
        [
            {"sentence": "Note changed. Before:", "before": "first"},
            {"sentence": "Stage position changed. Before:", "before": "X 1.5"},
        ],
        [{"sentence": "Note written.", "before": ""}, {"sentence": "Stage position written.", "before": ""}],
    ]


def test_of_a_long_history_the_newest_part_is_told(ada, address, operator, image):
    for number in range(60):
        edit_image(image.pk, operator, note=str(number))
    told = ada.get(f"{address}/history").json()
    assert (len(told["entries"]), told["entries"][0]["revision"], told["leftOut"]) == (50, 60, 10)


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize("damage", ["{", '{"history": 5}', None])
def test_a_history_that_cannot_be_read_is_told_and_the_page_stands(client, operator, image, address, damage):
    edit_image(image.pk, operator, note="first")
    said = read(image) | {"history": [{"revision": "x", "was": []}]}
    file_of(image).write_text(json.dumps(said) if damage is None else damage)
    client.force_login(operator)
    assert client.get(f"{address}/history").json()["code"] == "damaged_sidecar"
    page = client.get(f"/images/{image.pk}/")
    assert (page.status_code, "The changes cannot be read." in page.content.decode()) == (200, True)


@pytest.mark.usefixtures("camera")
def test_the_page_of_an_image_shows_its_history(client, operator, image):
    edit_image(image.pk, operator, note="<b>first</b>")
    edit_image(image.pk, operator, note="second")
    client.force_login(operator)
    page = client.get(f"/images/{image.pk}/").content.decode()
    history = page.split('id="history"')[1]
    assert history.index("Note changed. Before:") < history.index("Note written.")
    assert "<blockquote>&lt;b&gt;first&lt;/b&gt;</blockquote>" in history
    assert " by ada" in history
