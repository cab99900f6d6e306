"""`manage.py verify` compares every row with the files of its image, and names the differences."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from images.archive.folder import measure
from images.edit.bin import bin_image
from images.edit.edit import edit_image
from images.index.adoption import adopt_unlisted
from images.models import Calibration, Finding, Image, Job
from images.tests.frames import TAKEN_AT
from images.tests.places import sidecar_path_of
from images.tests.sidecars import file_of, row
from images.tests.spoiled import CHANGED as DIFFERS
from images.tests.spoiled import MISSING, UNKNOWN, age, found, keep_over_three_days, run, steps_of
from images.tests.test_rebuild import run as run_rebuild

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


@pytest.fixture
def image(keep_image, operator) -> Image:
    """An image whose note was written after its capture: its sidecar has revision 1."""
    return keep_over_three_days(keep_image, operator)[0]


def place_of(image: Image, suffix: str = ".sidecar.json") -> str:
    return f"2025-01-16/{image.filename}{suffix}"


def change_file(image: Image, revision: int | None = None, **values) -> None:
    """Change a file by hand, without the program."""
    said = json.loads(file_of(image).read_text())
    said["values"] |= values
    said["revision"] = said["revision"] if revision is None else revision
    file_of(image).write_text(json.dumps(said))


def detail() -> str:
    return Finding.objects.get(kind="differs").detail


def test_another_note_in_a_file_of_the_same_revision_is_found_with_both_texts_and_what_to_do(archive, image):
    change_file(image, note="buy \N{GREEK SMALL LETTER MU} milk")
    code, printed = run()
    assert (code, found()) == (DIFFERS, {("differs", place_of(image))})
    assert 'note: the file says "buy \N{GREEK SMALL LETTER MU} milk", the database says "seen".' in detail()
    assert "raise the number at revision in it by one" in detail()
    assert Finding.objects.get().image == image
    assert f"Differs: {place_of(image)} - note: the file says" in printed
    assert "Differs   1" in printed


@pytest.mark.parametrize(("revision", "note"), [(2, "milk"), (0, "seen")])
def test_the_advice_for_two_texts_of_one_revision_leads_to_the_one_that_is_right(archive, image, revision, note):
    change_file(image, note="milk")
    change_file(image, revision=revision)
    assert run_rebuild()[0] == 0
    assert (row(image)[0], json.loads(file_of(image).read_text())["values"]["note"]) == (note, note)
    assert len(json.loads(file_of(image).read_text())["history"]) >= 1
    assert run()[0] == 0


def test_a_file_of_changes_that_is_gone_is_found_and_written_again_by_a_rebuild(archive, image):
    file_of(image).unlink()
    assert (run()[0], found()) == (DIFFERS, {("differs", place_of(image))})
    assert detail().startswith("The sidecar is not there. The database is at revision 1.")
    assert "manage.py rebuild, writes the file again from the database" in detail()
    assert run_rebuild()[0] == 0
    assert run()[0] == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sample": "liver"}, 'sample: the file says "liver", the database says nothing.'),
        ({"position": {"x": 1, "y": None, "z": None}}, "position x: the file says 1, the database says nothing."),
        ({"binnedAt": "2025-02-01T00:00:00+00:00"}, "in the bin since: the file says 2025-02-01T00:00:00+00:00"),
        ({"note": "half \ud800 and \0"}, "note: the file says"),
        ({"note": None}, "note: the file says nothing, the database says"),
        ({"position": {}}, "The sidecar holds values that are not valid"),
    ],
)
def test_whatever_can_be_changed_is_compared(archive, image, values, said):
    change_file(image, **values)
    assert (run()[0], found()) == (DIFFERS, {("differs", place_of(image))})
    assert detail().startswith(said)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"note": "tampered"}, 'note: the file says nothing, the database says "tampered".'),
        ({"exposure_ms": 5.5}, "exposure in ms: the file says 100.0, the database says 5.5."),
        ({"captured_at": TAKEN_AT}, "time of capture: the file says 2025-01-16T11:30:45.123000+00:00"),
        ({"is_simulated": True}, "simulated: the file says false, the database says true."),
        ({"binned_at": TAKEN_AT}, "in the bin since: the file says nothing"),
        ({"metadata": {"id": "no"}}, "copy of the record (actual, camera,"),
        ({"image_format": "png"}, 'format: the file says "jpg", the database says "png".'),
        ({"revision": 3}, "The sidecar is not there. The database is at revision 3."),
    ],
)
def test_of_an_image_that_nobody_changed_the_row_is_compared_with_the_record(archive, image, columns, said):
    other = Image.objects.order_by("pk")[1]
    Image.objects.filter(pk=other.pk).update(**columns)
    code, _printed = run()
    suffix = ".sidecar.json" if "revision" in columns else ""
    assert (code, found()) == (DIFFERS, {("differs", place_of(other, suffix))})
    assert detail().startswith(said)


def test_people_are_compared_by_their_lasting_id(archive, image, operator, make_user):
    bin_image(image.pk, operator)
    get_user_model().objects.filter(pk=operator.pk).update(username="anna")
    newcomer = make_user("ada", "operators")
    assert run()[0] == 0, "a renamed user is the same one"
    Image.objects.filter(pk=image.pk).update(user=newcomer, binned_by=newcomer)
    assert run("--restart")[0] == DIFFERS
    for name in ("user", "moved to the bin by"):
        assert (
            f'{name}: the file says "ada ({operator.lasting_id})", the database says "ada ({newcomer.lasting_id})'
            in (detail())
        )


def test_of_jobs_and_people_a_row_may_lack_those_who_are_gone_but_not_what_a_rebuild_gives(
    archive, keep_image, operator
):
    job = Job.objects.create(name="overnight", user=operator)
    image = keep_image(job=job)
    Image.objects.update(job=None)
    job.delete()
    assert run()[0] == 0
    Image.objects.filter(pk=image.pk)._raw_delete("default")
    get_user_model().objects.all().delete()
    adopt_unlisted(archive)
    assert run()[0] == DIFFERS
    assert 'user: the file says "ada", the database says nothing.' in detail()
    assert 'job: the file says "overnight", the database says nothing. Run manage.py rebuild' in detail()
    assert run_rebuild()[0] == 0
    assert run()[0] == 0


def test_a_job_that_is_another_one_is_found(archive, keep_image, operator):
    jobs = [Job.objects.create(name=name, user=operator) for name in ("overnight", "by day")]
    image = keep_image(job=jobs[0])
    Image.objects.update(job=jobs[1])
    assert (run()[0], found()) == (DIFFERS, {("differs", place_of(image, ""))})
    assert detail().startswith('job: the file says "overnight", the database says "by day".')


def test_calibrations_in_files_are_compared_both_ways(archive, calibrated, micrometer, manager):
    assert run()[0] == 0
    get_user_model().objects.filter(pk=manager.pk).update(username="maria")
    assert run()[0] == 0, "who made it was renamed, and is the same"
    Calibration.objects.filter(pk=calibrated.pk).update(length_um=21)
    assert run()[0] == DIFFERS
    assert f'calibration {calibrated.pk}: the file says {{"lengthUm": 20}}' in detail()
    said = json.loads(file_of(micrometer).read_text())
    file_of(micrometer).write_text(json.dumps({**said, "calibrations": []}))
    run()
    assert "the file says false, the database says true" in Finding.objects.latest("pk").detail


@pytest.mark.parametrize(("revision", "said"), [(3, "brings the row up to date"), (0, "writes the file again")])
def test_a_file_of_another_revision_is_found_once_nobody_can_be_at_work_on_it(archive, image, revision, said):
    change_file(image, revision=revision)
    age(archive)
    assert run()[0] == DIFFERS
    assert detail().startswith(f"revision: the file says {revision}, the database says 1.")
    assert said in detail()
    assert run_rebuild()[0] == 0
    assert run()[0] == 0


def test_a_file_that_speaks_of_another_image_is_found(archive, image, operator):
    other = edit_image(Image.objects.order_by("pk")[1].pk, operator, note="another")
    file_of(image).write_bytes(file_of(other).read_bytes())
    assert (run()[0], found()) == (DIFFERS, {("differs", place_of(image))})
    assert detail().startswith("The sidecar is that of another image")
    assert str(other.record_id) in detail()


def test_a_file_of_changes_that_cannot_be_read_is_found_once(archive, image):
    file_of(image).write_text("{")
    age(archive)
    assert (run()[0], found()) == (UNKNOWN, {("unknown", place_of(image))})


def test_beside_a_missing_original_the_file_of_changes_is_compared_all_the_same(archive, image):
    archive.path_of(image.filename).unlink()
    file_of(image).unlink()
    assert run()[0] == MISSING | DIFFERS
    assert found() == {("missing", place_of(image, "")), ("differs", place_of(image))}


@pytest.mark.parametrize("name", ["../../etc/passwd", "my cells.jpg", "\"'><svg onload=alert(2)>{{7*7}}.jpg"])
def test_a_row_whose_file_name_something_else_changed_is_found_and_ends_neither_verify_nor_rebuild(
    archive, image, name
):
    age(archive)
    Image.objects.filter(pk=image.pk).update(filename=name, user=None, is_adopted=True)
    assert run()[0] == MISSING | UNKNOWN
    assert found() == {("missing", name), ("unknown", f"2025-01-16/{image.filename}")}
    assert "something else changed the database" in Finding.objects.get(kind="unknown").detail
    adopt_unlisted(archive)
    code, printed = run_rebuild()
    assert f"{image.filename} is a copy of {name}" in printed, (code, printed)


def test_a_row_that_is_changed_meanwhile_is_no_finding(archive, image, operator):
    """Verify reads the row, and then the image is changed: the file is newer than the row that verify holds."""
    seen = []

    def read_and_change(file):
        if not seen:
            edit_image(image.pk, operator, note="while it is verified")
            age(archive)
        seen.append(file.name)
        return measure(file)

    _run, verifier = steps_of(archive, read_and_change)
    list(verifier.steps())
    assert (row(image)[0], len(seen), found()) == ("while it is verified", 6, set())


def test_an_image_without_changes_costs_no_question_of_its_own(archive, keep_image, django_assert_max_num_queries):
    for hour in range(20):
        keep_image(taken_at=TAKEN_AT + timedelta(hours=hour))
    assert not sidecar_path_of(Image.objects.first().filename).exists()
    with django_assert_max_num_queries(30):
        assert run()[0] == 0
