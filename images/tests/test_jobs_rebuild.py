"""The folder alone gives jobs back, with their slots and gaps."""

import shutil

import pytest
from django.core.management import call_command

from images.archive.job_file import find_job_files, read_entries
from images.index.rebuild.rebuild import rebuild
from images.index.rebuild.restore_jobs import PICTURE_LOST
from images.jobs import reasons
from images.jobs.control import pause_job, stop_job
from images.models import Image, Job, JobGap
from images.tests.jobs import assert_accounted_for, gaps_of, stored_slots, time_lapse
from images.verification.folders import find_in_day

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
# What only the queue needs, and what the rows count anew.
NOT_IN_FILES = {"id", "idempotency_key", "request_sha256"}


def rows_of_jobs() -> list:
    columns = [field.attname for field in Job._meta.fields if field.name not in NOT_IN_FILES - {"id"}]
    gaps = [field.attname for field in JobGap._meta.fields if field.name != "id"]
    images = Image.objects.order_by("filename").values_list("filename", "job_id", "job_slot")
    jobs, all_gaps = Job.objects.order_by("id"), JobGap.objects.order_by("job_id", "first_slot")
    return [list(jobs.values(*columns)), list(all_gaps.values(*gaps)), list(images)]


def lose_rows() -> None:
    for model in (JobGap, Image, Job):
        model.objects.all()._raw_delete("default")


def make_again(archive) -> list[str]:
    reported: list[str] = []
    for _ in rebuild(archive, reported.append):
        pass
    return reported


def test_after_a_loss_of_the_database_job_slots_and_gaps_are_the_same(bench, operator, archive):
    finished = bench.make(operator, time_lapse(8, sample="HeLa"), "Wound 3")
    bench.run_for(minutes=2, seconds=30)
    bench.die(minutes=2)
    bench.run_for(minutes=20)
    stopped, paused = bench.make(operator, time_lapse(5)), bench.make(operator, time_lapse(9), "\u00b5 \u4e2d")
    bench.run_for(minutes=1, seconds=30)
    stop_job(stopped.pk, operator)
    bench.run_for(minutes=3)
    pause_job(paused.pk, operator)
    bench.run_for(minutes=2)
    bench.die()
    before = rows_of_jobs()
    assert [job["state"] for job in before[0]] == ["finished", "stopped", "paused"]
    assert len(before[1]) == 2

    lose_rows()
    assert make_again(archive) == []
    assert rows_of_jobs() == before
    assert make_again(archive) == []
    assert rows_of_jobs() == before
    assert assert_accounted_for(finished).user == operator


def test_a_job_that_ran_when_the_database_was_lost_goes_on(bench, operator, archive):
    job = bench.make(operator, time_lapse(8))
    bench.run_for(minutes=2, seconds=30)
    bench.die()
    lose_rows()
    make_again(archive)
    bench.run_for(minutes=20)
    assert stored_slots(job) == list(range(8))
    assert assert_accounted_for(job).state == Job.State.FINISHED


def test_if_the_file_of_a_job_is_lost_too_its_pictures_say_what_they_can(bench, operator, archive):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(minutes=1, seconds=30)
    bench.die(minutes=2)
    bench.run_for(minutes=20)
    plan_sha256 = Job.objects.get().plan_sha256
    assert gaps_of(job) == [(2, 2, reasons.PROGRAM_NOT_RUNNING)]
    bench.files[0].unlink()
    lose_rows()
    make_again(archive)
    again = Job.objects.get(lasting_id=job.lasting_id)
    assert (again.pk, again.plan, again.plan_sha256, again.expected) == (job.pk, job.plan, plan_sha256, 6)
    assert gaps_of(job) == [(2, 2, PICTURE_LOST)]
    assert assert_accounted_for(job).state == Job.State.FINISHED


def test_a_picture_that_is_gone_is_a_gap_after_the_next_start(bench, operator, archive):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(minutes=3, seconds=30)
    Image.objects.get(job_slot=1).delete()
    bench.die()
    bench.run_for(minutes=20)
    assert gaps_of(job) == [(1, 1, PICTURE_LOST)]
    assert_accounted_for(job)


@pytest.mark.parametrize("tail", [b'{"at": "2026', b"\0\0\0\0", b"\xff\xfe\n", b"[1, 2]\n", b"\n\n"])
def test_a_line_that_a_power_cut_left_half_hinders_nobody(bench, operator, archive, tail):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(minutes=1, seconds=30)
    with bench.files[0].open("ab") as file:
        file.write(tail)
    bench.die(minutes=2)
    bench.run_for(minutes=20)
    assert gaps_of(job) == [(2, 2, reasons.PROGRAM_NOT_RUNNING)]
    assert_accounted_for(job)
    [file] = find_job_files(bench.archive)
    assert [entry["gap"]["first"] for entry in read_entries(bench.archive, file) if "gap" in entry][-1] == 2


def test_a_damaged_file_is_reported_and_the_others_are_read(bench, operator, archive):
    first, second = bench.make(operator, time_lapse(2)), bench.make(operator, time_lapse(2))
    bench.run_for(minutes=20)
    bench.files[0].write_bytes(b"nothing of ours\n")
    lose_rows()
    reported = make_again(archive)
    assert [line.partition(" ")[0] for line in reported] == [bench.files[0].name]
    assert {job.lasting_id for job in Job.objects.all()} == {first.lasting_id, second.lasting_id}
    assert_accounted_for(second)


def test_two_pictures_never_share_a_slot(bench, operator, archive):
    """As after a backup was copied back beside what was made anew."""
    job = bench.make(operator, time_lapse(3))
    bench.run_for(minutes=20)
    image = Image.objects.get(job_slot=1)
    Image.objects.filter(pk=image.pk)._raw_delete("default")
    Image.objects.filter(job_slot=2).update(job_slot=1)
    make_again(archive)
    assert stored_slots(job) == [0, 1]
    assert Image.objects.get(filename=image.filename).job_slot is None
    assert Image.objects.get(filename=image.filename).job_id == job.pk


def test_the_file_of_a_job_is_no_finding(bench, operator, archive, monkeypatch):
    bench.make(operator, time_lapse(2))
    bench.run_for(minutes=20)
    folder = bench.files[0].parent
    monkeypatch.setattr("images.archive.walk.AT_WORK_S", -1)
    assert list(find_in_day(archive, folder.name)) == []
    shutil.copy(bench.files[0], folder / f"job_20260302_090000_{'0' * 32}.jsonl")
    lose_rows()
    assert {finding.kind for finding in find_in_day(archive, folder.name) if finding.place.endswith("jsonl")} == {
        "orphaned"
    }


def test_the_command_says_which_jobs_it_made_again(bench, operator, settings, capsys):
    settings.IMAGE_SAVE_PATH = bench.archive.root
    bench.make(operator, time_lapse(2), "Wound 3")
    bench.run_for(minutes=20)
    lose_rows()
    call_command("rebuild")
    assert "1 jobs restored: Wound 3" in capsys.readouterr().out
