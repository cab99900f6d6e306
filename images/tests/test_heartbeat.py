"""The heartbeat of the jobs, and the command that watches it, whatever became of the program."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from camera.errors import CameraLost
from images.jobs.control import pause_job
from images.jobs.heartbeat import FILE, Heartbeat, read_heartbeat, write_heartbeat
from images.jobs.trouble import find_trouble
from images.models import Job
from images.tests.clocks import START, SetClock
from images.tests.conftest import rows_refused, wait_until
from images.tests.jobs import Bench, camera_that_fails, time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
STALE = timedelta(seconds=120)


@pytest.fixture
def bench(archive, tmp_path, settings):
    settings.DATA_PATH = tmp_path
    bench = Bench(archive, tmp_path, SetClock(timezone.now()))
    yield bench
    bench.supervisor._lock.release()


@pytest.fixture
def check(bench, capsys):
    """check() is what the command says while the program runs; check(False) without a new heartbeat."""

    def run(is_alive: bool = True, *options: str) -> str:
        if is_alive:
            write_heartbeat(bench.folder / FILE, bench.clock.now(), bench.supervisor.heartbeat.sign)
        call_command("check-jobs", *options)
        return capsys.readouterr().out.strip()

    return run


def trouble_of(bench) -> str:
    path = bench.folder / FILE
    write_heartbeat(path, bench.clock.now(), bench.supervisor.heartbeat.sign)
    return find_trouble(read_heartbeat(path), bench.clock.now(), STALE)


def age(bench, **by: float) -> None:
    """The program wrote its last heartbeat that long ago."""
    path = bench.folder / FILE
    said = json.loads(path.read_text())
    then = timezone.now() - timedelta(**by)
    path.write_text(json.dumps({**said, "at": then.isoformat(), "workedAt": then.isoformat()}))


def test_without_any_job_all_is_well(check):
    assert check(False) == "No job is under way."


def test_a_job_that_runs_is_told_with_its_numbers(bench, check, operator):
    bench.make(operator, time_lapse(5, 3600))
    bench.run_for(seconds=5)
    assert check() == "The job night is running: 1 of 5 stored, none missed."
    assert check(True, "-v0") == ""


def test_a_job_that_waits_is_told_too(bench, check, operator):
    bench.make(operator, time_lapse(5), starts_at=bench.clock.now() + timedelta(hours=9))
    bench.run_for(seconds=5)
    assert check() == "1 job waits to begin."


def test_a_dead_program_is_told_with_what_it_left(bench, check, operator):
    bench.make(operator, time_lapse(5, 3600))
    bench.run_for(seconds=5)
    check()
    age(bench, seconds=100)
    assert check(False)
    age(bench, seconds=130)
    with pytest.raises(CommandError, match=r"no sign of life since .* 1 of 5 stored, none missed. Start the program"):
        check(False)
    assert check(False, "--stale", "200")


def test_a_clock_that_was_set_back_hides_no_dead_program(bench, check, operator):
    bench.make(operator, time_lapse(5, 3600))
    bench.run_for(seconds=5)
    check()
    age(bench, seconds=-7200)
    with pytest.raises(CommandError, match="no sign of life"):
        check(False)


def test_a_program_without_work_may_be_dead(bench, check):
    bench.run_for(seconds=5)
    check()
    age(bench, days=3)
    assert check(False) == "No job is under way."


def test_jobs_whose_thread_hangs_are_told(bench, check, operator):
    bench.make(operator, time_lapse(5, 3600))
    bench.run_for(seconds=5)
    bench.clock.run(timedelta(seconds=170))
    assert trouble_of(bench) == ""
    bench.clock.run(timedelta(seconds=20))
    assert "does nothing for its jobs since" in trouble_of(bench)


def test_a_program_that_was_ended_with_a_job_is_told_at_once(bench, check, operator):
    bench.make(operator, time_lapse(5, 3600))
    bench.run_for(seconds=5)
    bench.supervisor.heartbeat.start()
    bench.supervisor.close()
    wait_until(lambda: (beat := read_heartbeat(bench.folder / FILE)) and beat.sign.is_ended)
    with pytest.raises(CommandError, match=r"The program was ended at .* Start the program: it goes on"):
        check(False)


def test_a_job_that_paused_by_itself_is_told_with_its_reason(bench, check, operator, archive):
    bench.make(operator, time_lapse(8))
    bench.run_for(seconds=90)
    archive._folder._reserve_bytes = 10**18
    bench.run_for(minutes=3)
    assert trouble_of(bench).startswith("The job night is paused: Disk at its reserve. ")


def test_who_paused_a_job_knows_it(bench, check, operator):
    job = bench.make(operator, time_lapse(500))
    bench.run_for(seconds=90)
    pause_job(job.pk, operator)
    bench.run_for(minutes=20)
    assert trouble_of(bench) == ""


def test_a_job_that_does_not_come_along_is_told_after_some_patience(bench, operator):
    bench.make(operator, time_lapse(500))
    bench.run_for(seconds=90)
    with camera_that_fails(take=CameraLost("It was unplugged.")):
        bench.run_for(minutes=11)
        assert trouble_of(bench) == ""
        bench.run_for(minutes=2)
        assert "night makes no progress: no picture since" in trouble_of(bench)
        assert trouble_of(bench).endswith("Camera lost. It was unplugged.")
    bench.run_for(minutes=1)
    assert trouble_of(bench) == ""


def test_a_long_interval_is_no_trouble(bench, operator):
    bench.make(operator, time_lapse(3, 7200))
    bench.run_for(minutes=20)
    assert trouble_of(bench) == ""


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_is_no_trouble(bench, operator, hours):
    bench.make(operator, time_lapse(30))
    bench.run_for(seconds=90)
    bench.clock.jump(timedelta(hours=hours))
    bench.run_for(seconds=20)
    assert trouble_of(bench) == ""


def test_a_job_that_failed_is_told_for_a_day(bench, check, operator):
    job = bench.make(operator, time_lapse(5))
    ended = {"state": Job.State.FAILED, "reason": "Camera lost", "detail": "Unplugged."}
    Job.objects.filter(pk=job.pk).update(**ended, ended_at=timezone.now() - timedelta(hours=3))
    with pytest.raises(CommandError, match=r"The job night failed at .* Unplugged. 0 of 5 stored, none missed, 5 not"):
        check(False)
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(hours=25))
    assert check(False) == "No job is under way."


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "microscope.heartbeat"}', b"\xff" * 10, None])
def test_without_a_heartbeat_that_can_be_read_the_rows_count(bench, check, operator, content):
    if content is not None:
        (bench.folder / FILE).write_bytes(content)
    assert check(False) == "No job is under way."
    bench.make(operator, time_lapse(5))
    with pytest.raises(CommandError, match="The program does not run, and the job night is queued"):
        check(False)


@pytest.mark.django_db(transaction=True)
def test_the_database_may_be_away(bench, check, operator, tmp_path):
    bench.make(operator, time_lapse(5, 3600))
    bench.run_for(seconds=5)
    with rows_refused("jobs"):
        assert "1 of 5 stored" in check()
        age(bench, seconds=500)
        with pytest.raises(CommandError, match="no sign of life"):
            check(False)
        (tmp_path / FILE).unlink()
        with pytest.raises(CommandError, match="There is no heartbeat, and the database does not answer"):
            check(False)


def test_the_file_is_written_again_and_again_and_at_once_if_the_state_changes(bench, operator):
    bench.make(operator, time_lapse(5))
    bench.run_for(seconds=5)
    sign, path = bench.supervisor.heartbeat.sign, bench.folder / FILE
    often = Heartbeat(path, SetClock(START), every_s=0.01)
    often.give(sign)
    often.start()
    wait_until(path.exists)
    path.unlink()
    wait_until(path.exists)
    often.end()
    path.unlink()
    seldom = Heartbeat(path, SetClock(START), every_s=3600)
    seldom.start()
    seldom.give(sign)
    wait_until(path.exists)
    seldom.end()
    assert read_heartbeat(path).at == START


def test_a_disk_that_takes_no_heartbeat_is_told_in_the_log_and_tried_again(bench, operator, tmp_path, caplog):
    bench.run_for(seconds=5)
    path = tmp_path / "away" / FILE
    heartbeat = Heartbeat(path, SetClock(START), every_s=0.01)
    heartbeat.give(bench.supervisor.heartbeat.sign)
    heartbeat.start()
    wait_until(lambda: "could not be written" in caplog.text)
    path.parent.mkdir()
    wait_until(path.exists)
    heartbeat.end()
