import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from images.library import the_library
from images.models import Image, Job
from images.tests.conftest import rows_refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def capture(capsys, operator):
    """capture("--gain", "1") runs the command and returns the JSON that it prints."""

    def run(*arguments: str, user: str = operator.username) -> dict:
        call_command("capture", "--user", user, *arguments)
        return json.loads(capsys.readouterr().out)

    return run


def test_it_prints_what_the_api_would_answer(capture, operator):
    job = Job.objects.create(name="wound healing", user=operator)
    answer = capture("--exposure", "8", "--gain", "1.5", "--x", "1", "--z", "-2.5", "--job", str(job.pk))
    assert (answer["success"], answer["exposureTime"], answer["gain"], answer["databaseSaved"]) == (True, 8, 1.5, True)
    image = Image.objects.get(pk=answer["imageId"])
    assert (image.user, image.job) == (operator, job)
    assert (image.x_position, image.y_position, image.z_position) == (1, None, -2.5)
    assert Path(answer["filepath"]).stat().st_size == answer["fileSize"]


def test_an_ome_tiff_can_be_asked_for(capture):
    assert capture("--format", "tiff")["filename"].endswith(".ome.tif")


def test_format_and_quality_can_be_chosen(capture):
    assert capture("--format", "png")["filename"].endswith(".png")


def test_the_camera_is_given_back(capture, camera):
    capture()
    assert not camera._lock.is_held


def test_where_another_process_holds_the_camera_it_says_which(capture, tmp_path):
    """As if the server runs: another process holds the lock."""
    hold = (
        "import sys; from pathlib import Path; from camera.engine.process_lock import CameraLock; "
        "lock = CameraLock(Path(sys.argv[1])); lock.acquire('the server'); "
        "print('held', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CommandError, match=rf"The camera is in use by process {holder.pid} \(the server\)"):
            capture()
        holder.communicate("let go\n", timeout=20)
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--exposure", "0"], "exposure: Must be between 0.02 and 10000 ms"),
        (["--exposure", "nan"], "exposure: Must be between 0.02 and 10000 ms"),
        (["--gain", "99"], "gain: Must be between 0 and 24 dB"),
        (["--exposure", "much"], "invalid float value: 'much'"),
        (["--quality", "0"], "invalid choice: 0"),
        (["--format", "bmp"], "invalid choice: 'bmp'"),
        (["--job", "4711"], "There is no job 4711"),
        (["--job", str(10**30)], "There is no job"),
        (["--x", "nan"], "must be a number"),
        (["--y", "inf"], "must be a number"),
    ],
)
def test_values_that_make_no_sense_are_told_in_a_sentence(capture, arguments, said):
    with pytest.raises(CommandError) as told:
        capture(*arguments)
    assert said in str(told.value)
    assert not Image.objects.exists()


@pytest.mark.parametrize("fields", [None, {"is_active": False}])
def test_only_an_active_user_can_capture(capture, make_user, fields):
    if fields is not None:
        make_user("grace", **fields)
    with pytest.raises(CommandError, match="There is no active user 'grace'"):
        capture(user="grace")


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_the_database_is_raised_for_manage_py_to_explain(capture):
    with rows_refused("accounts_user"), pytest.raises(DatabaseError):
        capture()


def test_a_drive_that_is_away_is_told_in_a_sentence(capture, tmp_path):
    archive = the_library().archive
    archive.check()
    archive.root.rename(tmp_path / "drive")
    with pytest.raises(CommandError, match="Connect or mount its drive"):
        capture()


def test_as_a_process_of_its_own_it_prints_json_alone(tmp_path):
    environment = {
        **os.environ,
        "DATA_PATH": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "microscope.settings",
    }
    prepare = (
        "import django; django.setup(); from django.core.management import call_command; "
        "call_command('migrate', verbosity=0); from accounts.models import User; User.objects.create(username='ada')"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    assert run("-c", prepare).returncode == 0
    captured = run("manage.py", "capture", "--user", "ada", "--exposure", "1")
    assert (captured.returncode, json.loads(captured.stdout)["databaseSaved"]) == (0, True)
