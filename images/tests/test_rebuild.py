"""`manage.py rebuild`: the database is lost, and nothing else."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from images.calibration.calibrate import calibrate
from images.calibration.objectives import change_objective, choose_objective
from images.calibration.scale import Line
from images.capture.capture import capture_image, find_job_to_join
from images.edit.bin import bin_image, restore_image
from images.edit.edit import edit_image
from images.formats import FORMATS
from images.index.adoption import adopt_unlisted
from images.index.rebuild.rebuild import rebuild
from images.models import Calibration, CurrentObjective, Image, Job, Objective, Removal
from images.tests.frames import TAKEN_AT

pytestmark = pytest.mark.django_db(transaction=True)
# Columns that no file holds. All others come back, also those that are added later. The database numbers the images;
# `is_adopted` says that a row was made afterwards.
NOT_THE_SAME = {
    Image: {"id", "created_at", "is_adopted"},
    Job: {"created_at", "kind", "state"},
    Objective: {"created_at", "is_retired"},
    Calibration: set(),
}
# Of a user the files hold the name, and no other column that is compared here.
SAME_OF_USERS = ["username"]
# Rows refer to others by numbers that the database chooses: these columns replace the numbers.
NAMED_BY = {get_user_model(): "username", Image: "filename"}


@pytest.fixture(autouse=True)
def images_folder(archive, settings) -> Path:
    settings.IMAGE_SAVE_PATH = archive.root
    archive.check_folder()
    return archive.root


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    printed = io.StringIO()
    try:
        call_command("rebuild", *arguments, stdout=printed)
    except SystemExit as ended:
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def every_row() -> dict[str, list]:
    """Return every row of the library, with names in place of the numbers of users and images."""
    rows: dict[str, list] = {}
    for model in NOT_THE_SAME:
        order = "filename" if model is Image else "pk"
        rows[model._meta.db_table] = list(model.objects.order_by(order).values(*columns_of(model)))
    people = [
        *Image.objects.values_list("user", "binned_by"),
        *Calibration.objects.values_list("made_by", "made_by"),
    ]
    needed = get_user_model().objects.filter(pk__in={person for some in people for person in some})
    rows["users"] = sorted(needed.values_list(*SAME_OF_USERS))
    return rows


def columns_of(model) -> list[str]:
    fields = [field for field in model._meta.fields if field.name not in NOT_THE_SAME[model]]
    return [
        f"{field.name}__{NAMED_BY[field.related_model]}" if field.related_model in NAMED_BY else field.attname
        for field in fields
    ]


def lose_the_database() -> None:
    Image.objects.update(objective=None, calibration=None)
    for model in (CurrentObjective, Calibration, Objective, Image, Removal, Job):
        model.objects.all()._raw_delete("default")
    get_user_model().objects.all().delete()


@pytest.fixture
def library(keep_image, keep_original, make_user, operator, archive, camera) -> None:
    """A library with images of every kind."""
    wei, manager = make_user("\u5f20\u4f1f", "operators"), make_user("bj\u00f6rn@lab", "managers")
    jobs = [Job.objects.create(name=name, user=user) for name, user in (("wound healing", operator), ("\u00b5", wei))]
    Job.objects.filter(pk=jobs[1].pk).delete()
    jobs[1] = Job.objects.create(id=jobs[0].pk + 40, name="\u00b5 \u4e2d", user=wei)
    kept = []
    for day in range(2):
        for image_format in FORMATS:
            for bits in (8, 12):
                for user, job in ((operator, jobs[0]), (wei, jobs[1]), (wei, None)):
                    taken_at = TAKEN_AT + timedelta(days=day, hours=len(kept) % 3)
                    fields = {"image_format": image_format, "bits": bits, "taken_at": taken_at}
                    kept.append(keep_image(user=user, job=job, **fields))
    place = {"x_position": 1, "y_position": 2.5, "z_position": -3}
    capture_image(by=operator, exposure_ms=2, sample="\u00b5-slide", note="at\ncapture", **place)
    capture_image(by=wei, image_format="png", job=find_job_to_join(jobs[1].pk))
    edit_image(kept[0].pk, operator, note="said later \U0001f52c", sample="liver", x_position=1.25, z_position=-7)
    edit_image(kept[1].pk, manager, note="first")
    edit_image(kept[1].pk, manager, note="")
    for image, by in ((kept[2], operator), (kept[3], manager), (kept[4], wei)):
        bin_image(image.pk, manager if image.user_id != by.pk else by)
    restore_image(kept[4].pk, manager)
    keep_original(username="ada", taken_at=TAKEN_AT + timedelta(days=2))
    adopt_unlisted(archive)
    look_through_objectives(operator, manager, make_user("zo\u00eb", "managers"), kept[5])


def look_through_objectives(operator, manager, calibrator, slide: Image) -> None:
    """Two objectives: one is renamed between images and calibrated again after the last, the other is never used."""
    lens = Objective.objects.create(name="10x", magnification=10, numerical_aperture=0.25)
    choose_objective(lens.pk, manager)
    micrometer = capture_image(by=operator).image
    calibrate(lens.pk, micrometer.pk, Line(0, 0, 100, 0), 50, by=manager)
    capture_image(by=operator, image_format="tiff")
    change_objective(lens.pk, name="Plan \u00b5 10x")
    capture_image(by=operator, image_format="png")
    calibrate(lens.pk, micrometer.pk, Line(0, 0, 0, 100), 51, by=calibrator)
    unused = Objective.objects.create(name="40x \u4e2d", magnification=40)
    calibrate(unused.pk, slide.pk, Line(0, 0, 40, 0), 5, by=manager)


def test_every_column_of_every_row_comes_back(library):
    before = every_row()
    assert len(before["images"]) > 20 and len(before["users"]) == 4 and len(before["jobs"]) == 2
    assert (len(before["objectives"]), len(before["calibrations"])) == (2, 3)
    assert {row["image_format"] for row in before["images"]} == set(FORMATS)
    assert {row["is_simulated"] for row in before["images"]} == {True, False}
    assert {row["revision"] for row in before["images"]} == {None, 1, 2}
    lose_the_database()

    code, printed = run()
    assert code == 0, printed
    assert f"{len(before['images'])} images listed" in printed
    assert every_row() == before


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_rebuild_that_stops_leaves_the_rest_to_the_next(library, archive, done):
    before = every_row()
    lose_the_database()
    steps = rebuild(archive, pytest.fail)
    for _ in range(done):
        next(steps)
    steps.close()
    assert 0 < Image.objects.count() < len(before["images"])
    assert run()[0] == 0
    assert every_row() == before


def test_what_cannot_be_the_same_is_marked(library):
    lose_the_database()
    run()
    assert set(Image.objects.values_list("is_adopted", flat=True)) == {True}
    for user in get_user_model().objects.all():
        assert not any([user.is_active, user.has_usable_password(), user.is_staff, user.is_superuser])
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.FINISHED}
    assert set(Objective.objects.values_list("is_retired", flat=True)) == {False}
    assert not CurrentObjective.objects.exists(), "nobody can say which one is in place now"


def test_a_second_run_changes_nothing(library):
    lose_the_database()
    run()
    tables = (*NOT_THE_SAME, get_user_model())
    before = [list(model.objects.order_by("pk").values()) for model in tables]
    code, printed = run()
    assert (code, "0 images listed, 0 brought up to date, 0 files not listed" in printed) == (0, True)
    assert [list(model.objects.order_by("pk").values()) for model in tables] == before


def test_a_full_database_gets_only_what_it_lacks(library, operator):
    before = every_row()
    people = list(get_user_model().objects.order_by("pk").values())
    Image.objects.filter(filename__in=list(Image.objects.values_list("filename", flat=True)[:3]))._raw_delete("default")
    stale = Image.objects.filter(revision=1).first()
    Image.objects.filter(pk=stale.pk).update(revision=None, note="from an older backup")
    code, printed = run()
    assert (code, "3 images listed, 1 brought up to date" in printed) == (0, True)
    assert every_row() == before
    assert list(get_user_model().objects.order_by("pk").values()) == people


def test_what_was_listed_while_nobody_was_known_gets_its_people_jobs_and_keys(library, operator, archive):
    """As if the server starts on a new database, and somebody runs the rebuild only after that."""
    capture_image(by=operator, exposure_ms=2, idempotency_key="once", request_sha256="0" * 64)
    before = every_row()
    lose_the_database()
    adopt_unlisted(archive)
    assert set(Image.objects.values_list("user", "job", "binned_by", "idempotency_key")) == {(None, None, None, None)}
    _code, printed = run()
    assert f"0 images listed, {len(before['images'])} brought up to date" in printed
    after = every_row()
    for objective, known in zip(after["objectives"], before["objectives"], strict=True):
        # It has the name of its first record: the files do not say if somebody renamed it later.
        objective |= {"name": known["name"], "folded_name": known["folded_name"]}
    assert after == before
    assert "0 brought up to date" in run()[1]


def test_the_database_counts_on_behind_a_restored_job(library, make_user):
    lose_the_database()
    run()
    newest = Job.objects.create(name="a new one", user=make_user("new"))
    assert newest.pk > max(Job.objects.exclude(pk=newest.pk).values_list("pk", flat=True))


def test_a_job_whose_number_is_taken_gets_another_and_keeps_its_name(keep_original, make_user):
    keep_original(job={"id": 7, "name": "overnight"})
    keep_original(job={"id": 8, "name": "overnight"})
    Job.objects.create(id=7, name="another one", user=make_user("new"))
    run()
    assert sorted(Job.objects.values_list("name", flat=True)) == ["another one", "overnight", "overnight"]
    assert {image.job.name for image in Image.objects.all()} == {"overnight"}
    run()
    assert Job.objects.count() == 3


def test_without_a_terminal_the_output_is_plain_ascii(library):
    lose_the_database()
    _code, printed = run()
    assert printed.isascii()
    assert "\r" not in printed
    assert "4 users restored: ada, " in printed
