"""`manage.py job run`: a plan from the console, while no server runs."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from filelock import FileLock

from images.control.control import Control, register_control, the_control
from images.control.lease import Holder, Kind, Terms
from images.jobs.supervisor import Supervisor, register_supervisor, the_supervisor
from images.models import Image, Job
from images.tests.clocks import SetClock
from images.tests.conftest import wait_until
from images.tests.jobs import assert_accounted_for
from microscope.tests.migrated import fill_file

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
ROOT = Path(__file__).resolve().parents[2]
THREE = {"channels": ["a", "b", "c"]}
# No burst: that may lose frames on a busy machine, and says so.
LONG = {"time_plan": {"interval": 0.05, "loops": 20_000}, "metadata": {"microscope": {"whenLate": "stretch"}}}


@pytest.fixture
def run(archive, tmp_path, operator, capsys):
    """run(plan) is what the command prints; `arguments` replace the owner of the job."""
    before = the_supervisor()
    register_supervisor(Supervisor(archive, tmp_path))

    def run_plan(plan, *arguments: str, name: str = "wound 3.json") -> str:
        path = tmp_path / name
        path.write_text(plan if isinstance(plan, str) else json.dumps(plan))
        call_command("job", "run", str(path), *(arguments or ("--user", operator.username)))
        return capsys.readouterr().out

    yield run_plan
    register_supervisor(before)


def test_it_takes_all_pictures_and_says_how_it_ended(run, operator):
    assert "3 of 3 stored, none missed." in run(THREE)
    job = assert_accounted_for(Job.objects.get())
    assert (job.name, job.user, job.state, job.stored) == ("wound 3", operator, "finished", 3)


def test_an_average_is_taken_from_the_console(run):
    plan = {"channels": [{"config": "x", "exposure": 40}], "metadata": {"microscope": {"average": 4}}}
    assert "1 of 1 stored, none missed." in run(plan)
    image = Image.objects.get()
    assert (image.metadata["sum"]["frames"], image.job.kind) == (4, "average")


class HurriedClock(SetClock):
    """A second passes each time that somebody looks at it."""

    def elapsed_s(self) -> float:
        self.run(timedelta(seconds=1))
        return self.seconds


@pytest.fixture
def grace(make_user):
    """Controls the camera."""
    user = make_user("grace", "managers", first_name="Grace", last_name="Hopper")
    register_control(Control(HurriedClock()))
    the_control().take(Holder(user.pk, "grace", "Grace Hopper", Kind.PERSON, "browser"), Terms(minutes=30))


def test_while_another_controls_the_camera_it_says_who(run, grace):
    with pytest.raises(CommandError, match="Grace Hopper controls the camera until"):
        run(THREE)
    assert not Job.objects.exists()


def test_it_waits_until_the_camera_is_free_if_asked_to(run, operator, grace):
    assert "3 of 3 stored, none missed." in run(THREE, "--user", operator.username, "--queue")


def test_a_name_can_be_given(run, operator):
    run(THREE, "--user", operator.username, "--name", "night")
    assert Job.objects.get().name == "night"


def test_camera_and_queue_are_free_again(run, camera, tmp_path):
    run(THREE)
    assert not camera._lock.is_held
    FileLock(tmp_path / "jobs.lock").acquire(timeout=0).lock.release()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ('{\n"channels": ["a"],\n"time": 5}', "Line 3: time: Is not a field of a plan"),
        ("{", "Line 1: "),
        ({"time_plan": {"interval": 0.002, "loops": 9}}, "Take a longer interval, or say with whenLate"),
        ({**THREE, "channels": [{"config": "a", "exposure": 99_999}]}, "exposure: Must be between 0.02 and 10,000 ms"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_with_a_sentence(run, plan, said):
    with pytest.raises(CommandError) as refused:
        run(plan)
    assert said in str(refused.value)
    assert not Job.objects.exists()


def test_a_file_that_is_not_there_is_told_in_a_sentence(run):
    with pytest.raises(CommandError, match="No such file"):
        call_command("job", "run", "nowhere.json", "--user", "ada")


def test_an_unknown_user_is_told_in_a_sentence(run):
    with pytest.raises(CommandError, match="There is no active user 'eve'"):
        run(THREE, "--user", "eve")


def test_beside_a_server_it_names_the_call_to_use(run, tmp_path):
    with FileLock(tmp_path / "jobs.lock"), pytest.raises(CommandError, match="POST /api/v1/jobs"):
        run(THREE)
    assert not Job.objects.exists()


PREPARE = (
    "import django; django.setup(); from accounts.models import User; "
    "from django.contrib.auth.models import Group; "
    "User.objects.create(username='ada').groups.add(Group.objects.get(name='operators'))"
)
COUNT = (
    "import django; django.setup(); from images.models import Job; job = Job.objects.get(); "
    "print(job.state, job.stored, job.missed)"
)


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of Unix")
@pytest.mark.long
def test_ctrl_c_stops_the_job_after_the_picture_under_way(tmp_path):
    environment = {
        **os.environ,
        "DATA_PATH": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "microscope.settings",
    }

    def python(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    fill_file(tmp_path / "db.sqlite3")
    assert python("-c", PREPARE).wait(120) == 0
    job = python("manage.py", "job", "run", "-", "--user", "ada")
    job.stdin.write(json.dumps(LONG))
    job.stdin.close()
    images = tmp_path / "images"
    wait_until(lambda: job.poll() is not None or len(list(images.glob("*/capture_*.jpg"))) >= 3, 120)
    assert job.poll() is None, job.stderr.read()
    job.send_signal(signal.SIGINT)
    said = job.stdout.read()
    assert job.wait(120) == 2, job.stderr.read()
    state, stored, missed = python("-c", COUNT).communicate(timeout=120)[0].split()
    assert (state, missed) == ("stopped", "0")
    assert f"{int(stored):,} of 20,000 stored, none missed, {20_000 - int(stored):,} not taken." in said
    assert len(list(images.glob("*/capture_*.jpg"))) == int(stored) >= 3
