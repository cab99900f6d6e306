"""A whole job as a table and as a ZIP: every slot is accounted for, every original is as it was."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest
from django.utils import timezone

from images.jobs.export import outcomes
from images.jobs.plan import parse_plan
from images.models import Image, Job
from images.tests.clocks import SetClock
from images.tests.job_exports import content_of, make_ended_job, path_of_slot
from images.tests.jobs import Bench, time_lapse

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def job(archive, operator) -> Job:
    return make_ended_job(archive, operator, time_lapse(6), lambda slot: np.full((4, 6), slot, np.uint8), missed=[2, 3])


@pytest.fixture
def ask(api, viewer):
    """ask(job, "as=zip") is the answer, asked by somebody who may only view."""

    def send(job: Job, query: str = "", by=viewer):
        return api(by).get(f"/api/v1/jobs/{job.pk}/export?{query}")

    return send


def read_table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_table_says_what_became_of_each_slot_and_when(job, ask):
    answer = ask(job, "as=csv")
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="job_{job.pk}_Wound_3_HeLa_slots.csv"'
    rows = read_table(content_of(answer))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row["state"] for row in rows] == ["stored", "stored", "missed", "missed", "stored", "stored"]
    assert [row["reason"] for row in rows] == ["", "", "Camera lost", "Camera lost", "", ""]
    assert (rows[1]["dueAt"], rows[1]["capturedAt"]) == ("2026-03-02T09:01:00.000Z", "2026-03-02T09:01:00.012Z")
    assert (rows[1]["lateMs"], rows[1]["t"], rows[1]["c"], rows[1]["exposureMs"]) == ("12.0", "1", "", "100.0")
    image = Image.objects.get(job=job, job_slot=1)
    assert (rows[1]["filename"], rows[1]["sha256"]) == (image.filename, image.sha256)
    assert (rows[2]["dueAt"], rows[2]["capturedAt"], rows[2]["sha256"]) == ("2026-03-02T09:02:00.000Z", "", "")


def test_the_table_reads_slots_bit_by_bit_and_loses_none(job, ask, monkeypatch):
    whole = content_of(ask(job))
    monkeypatch.setattr(outcomes, "READ_AT_ONCE", 4)
    assert content_of(ask(job)) == whole


def test_a_stopped_job_names_what_was_not_taken_and_a_running_one_ends_at_its_newest(job, ask):
    Job.objects.filter(pk=job.pk).update(expected=8, plan=None)
    longer = make_longer(job)
    assert [row["state"] for row in read_table(content_of(ask(longer)))][-2:] == ["not_taken", "not_taken"]
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    assert [row["state"] for row in read_table(content_of(ask(longer)))][-1:] == ["stored"]


def make_longer(job: Job) -> Job:
    plan = parse_plan(time_lapse(8))
    Job.objects.filter(pk=job.pk).update(plan=plan.as_json(), plan_sha256=plan.sha256, state=Job.State.STOPPED)
    job.refresh_from_db()
    return job


def test_a_picture_in_the_bin_is_named_and_not_given(job, ask, operator):
    Image.objects.filter(job=job, job_slot=1).update(binned_at=timezone.now())
    row = read_table(content_of(ask(job)))[1]
    assert (row["state"], row["reason"], row["filename"]) == ("stored", "In the bin", "")
    assert len(originals_in(content_of(ask(job, "as=zip")))) == 3


def originals_in(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist() if "/capture_" in name}


def test_the_zip_holds_each_original_as_it_is_the_plan_and_the_table(job, ask, archive):
    answer = ask(job, "as=zip")
    assert answer.headers["Content-Type"] == "application/zip"
    content = content_of(answer)
    originals = originals_in(content)
    paths = [archive.path_of(image.filename) for image in Image.objects.filter(job=job).order_by("job_slot")]
    assert originals == {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert json.loads(file.read("plan.json")) == job.plan
        assert file.read("slots.csv") == content_of(ask(job, "as=csv"))
        assert [row["status"] for row in csv.DictReader(io.StringIO(file.read("manifest.csv").decode()))] == ["ok"] * 4


@pytest.mark.usefixtures("camera")
def test_the_zip_of_a_job_that_ran_holds_its_file_beside_its_pictures(archive, tmp_path, operator, ask):
    bench = Bench(archive, tmp_path, SetClock())
    job = bench.make(operator, time_lapse(2))
    bench.run_for(minutes=5)
    bench.supervisor._lock.release()
    job.refresh_from_db()
    answer = ask(job, "as=zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="SIMULATED_job_{job.pk}_night.zip"'
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as file:
        (path,) = bench.files
        assert file.read(f"{path.parent.name}/{path.name}") == path.read_bytes()


def test_an_original_that_is_missing_or_changed_is_named_and_never_passed_off(job, ask, archive):
    path_of_slot(archive, job, 0).unlink()
    changed = path_of_slot(archive, job, 4)
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    content = content_of(ask(job, "as=zip"))
    assert len(originals_in(content)) == 2
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        rows = list(csv.DictReader(io.StringIO(file.read("manifest.csv").decode())))
    assert [row["status"] for row in rows] == ["missing", "ok", "changed", "ok"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("as=avi", 400, "invalid"), ("more=1", 400, "invalid")],
)
def test_what_makes_no_export_is_refused(job, ask, query, status, code):
    answer = ask(job, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_may_not_view_gets_no_export(job, ask, make_user, api):
    assert ask(job, by=make_user("nobody")).status_code == 403
    assert ask(job, by=None).status_code == 401
    assert ask(Job(pk=999)).json()["code"] == "no_such_job"


def test_a_storage_folder_that_is_not_there_is_an_error_and_no_empty_zip(job, ask, archive):
    archive.root.rename(archive.root.with_name("elsewhere"))
    assert (ask(job, "as=zip").status_code, ask(job, "as=zip").json()["code"]) == (507, "storage_missing")
