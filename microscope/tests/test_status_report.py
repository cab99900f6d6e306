"""The report and `manage.py doctor`: what they say from outside, and what they never say."""

import io
import re
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from images.backup.state import FINDINGS, Outcome, note_outcome
from images.jobs.heartbeat import FILE, JobSign, Sign, write_heartbeat
from images.jobs.supervisor import the_supervisor
from images.library import the_library
from images.models import Image, Job
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.start.secrets import hide_secrets
from microscope.status.line import BAD, Group, Line, Status
from microscope.status.report import describe_age, write_report
from microscope.tests.server_process import ServerProcess, find_free_port

SECRETS = {
    "SECRET_KEY": "key-of-this-installation-0123456789",
    "ADMIN_PASSWORD": "hunter2hunter2",
    "EMAIL_HOST_PASSWORD": "mail-password-77",
    "JOB_WEBHOOK_SECRET": "webhook-secret-0123456789-0123456789",
    "JOB_WEBHOOK_URL": "https://hooks.lab.example/T00/B11",
    "JOB_PING_URL": "https://hc-ping.com/5f0c7d1e-check",
    "S3_SECRET_KEY": "secret-of-the-store-55",
    "S3_ACCESS_KEY": "AKIA-OF-THE-STORE",
    "S3_BUCKET": "bucket-of-the-lab",
    "S3_ENDPOINT": "https://s3.lab.example:9000",
    "S3_PUBLIC_URL": "https://pictures.lab.example",
}
OTHERS = {
    "EMAIL_HOST": "mail.lab.example",
    "EMAIL_HOST_USER": "ada.lovelace",
    "JOB_EMAIL_TO": ["ada@lab.example"],
    "ADMIN_USERNAME": "ada-the-admin",
    "ALLOWED_HOSTS": ["testserver", "microscope.lab.example"],
}


def sign_of_a_job() -> Sign:
    now = timezone.now()
    job = JobSign(7, "Wound 3, HeLa", Job.State.PAUSED, "disk", "Disk full", "HeLa needs room", 840, 96, 0, now)
    return Sign(now, 10.0, 2, job)


@pytest.fixture
def own_data(settings, tmp_path, archive, camera):
    settings.DATA_PATH, settings.IMAGE_SAVE_PATH = tmp_path, tmp_path / "images"
    settings.CAMERA_DRIVER, settings.PORT = "simulated", find_free_port()


@pytest.fixture
def planted(own_data, settings, tmp_path, monkeypatch, operator, keep_image):  # noqa: F811
    """Secrets and names stand wherever a person can put them."""
    for name, value in {**SECRETS, **OTHERS}.items():
        setattr(settings, name, value)
    settings.BACKUP_TO = tmp_path / "backups of ada"
    at, message = timezone.now().isoformat(), f"{tmp_path}/images/HeLa is gone, says Ada"
    note_outcome(tmp_path, Outcome("backup", FINDINGS, at, at, str(settings.BACKUP_TO), message))
    monkeypatch.setattr(the_supervisor().heartbeat, "sign", sign_of_a_job())
    write_heartbeat(tmp_path / FILE, timezone.now(), sign_of_a_job())
    keep_image(user=operator)
    Image.objects.update(sample="HeLa, patient 7", note="for Ada")
    the_library().archive.root.rename(tmp_path / "drive of ada")


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["page", "command"])
def test_the_report_names_no_secret_no_person_no_sample_no_host_and_no_folder(
    planted, way, client, make_user, tmp_path
):
    if way == "page":
        client.force_login(make_user("grace", "managers"))
        answer = client.get("/status/report")
        assert answer["Content-Disposition"].startswith('attachment; filename="microscope-status-')
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        report = answer.content.decode()
    else:
        report = doctor("--report")[0]
    assert "96 of 840 stored" in report and "CAMERA_DRIVER=simulated" in report and "JOB_PING_URL=set" in report
    hidden = [*SECRETS.values(), OTHERS["EMAIL_HOST_USER"], OTHERS["ADMIN_USERNAME"], str(tmp_path)]
    for text in [*hidden, "lab.example", "5f0c7d1e", "HeLa", "Wound", "patient", "grace", "testserver", "capture_"]:
        assert text not in report, text
    assert not re.search(r"\bada\b", report, re.IGNORECASE)


def test_a_sentence_of_the_system_is_told_without_folder_account_and_password(settings):
    settings.ADMIN_USERNAME = "ada-the-admin"
    settings.S3_BUCKET, settings.S3_ENDPOINT = "bucket-of-the-lab", "https://s3.lab.example:9000"
    said = f"{settings.DATA_PATH}/x belongs to ada-the-admin; redis://lab:pass1234@db/x"
    said += "; bucket-of-the-lab at https://s3.lab.example:9000"
    status = Status(timezone.now(), (Group("Pictures", (Line("Folder", BAD, "Away", said),)),))
    report = write_report(status)
    assert "DATA_PATH/x belongs to …; redis://lab:…@db/x; … at https://…:9000" in report


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET /f/abc-1.def.ghi/name.jpg", "GET /f/…/name.jpg"),
        ("Authorization: Bearer eyJhbGci.eyJ0b2tl.c2lnbmF0dXJl", "Authorization: Bearer …"),
        ("token eyJhbGci.eyJ0b2tl.c2lnbmF0dXJl refused", "token … refused"),
        ("GET /b/a.jpg?X-Amz-Signature=198eedbc046aae3369a9&x=1", "GET /b/a.jpg?X-Amz-Signature=…&x=1"),
        ("mail-password-77 and mail%20password%2F77", "… and mail%20password%2F77"),
        ("nothing to hide at 12:30", "nothing to hide at 12:30"),
    ],
)
def test_secrets_are_replaced_wherever_they_stand(settings, line, shown):
    settings.EMAIL_HOST_PASSWORD = "mail-password-77"
    assert hide_secrets(line) == shown


def test_a_secret_is_replaced_also_as_an_address_holds_it(settings):
    settings.EMAIL_HOST_PASSWORD = "p@ss/w ord"
    assert hide_secrets("x=p%40ss%2Fw%20ord y=p@ss/w ord") == "x=… y=…"


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(minutes=43), "43 min"),
        (timedelta(hours=10, minutes=27), "10 h 27 min"),
        (timedelta(days=95), "95 days"),
    ],
)
def test_an_age_is_told_in_the_unit_that_fits(age, shown):
    assert describe_age(age) == shown


def doctor(*options: str) -> tuple[str, str]:
    """Return what the command prints, and why it fails; empty if it does not."""
    out = io.StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except CommandError as bad:
        return out.getvalue(), str(bad)
    return out.getvalue(), ""


@pytest.mark.django_db
def test_without_a_server_the_doctor_says_what_it_can_know_and_changes_nothing(own_data, drivers):
    printed, problem = doctor()
    assert "Silent" in printed and "so nobody has opened the camera" in printed and problem == ""
    assert drivers == [] and not the_library().archive.root.exists()


@pytest.mark.django_db
def test_the_doctor_fails_if_something_is_bad_and_tries_the_disk_out(own_data, tmp_path):
    the_library().archive.check()
    assert "16 MB written, forced to disk and read again" in doctor()[0]
    assert [path.name for path in the_library().archive.root.iterdir()] == [".microscope-archive"]
    the_library().archive.root.rename(tmp_path / "drive")
    printed, problem = doctor()
    assert re.search(r"^!! +Folder +Away", printed, re.MULTILINE) and "need you" in problem


@pytest.mark.django_db
def test_another_program_at_the_port_is_bad(own_data, settings):
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        settings.PORT = other.server_port
        threading.Thread(target=other.handle_request, daemon=True).start()
        printed, problem = doctor()
    assert re.search(r"^!! +Address +Taken", printed, re.MULTILINE) and problem


@pytest.mark.long
def test_beside_a_running_server_the_doctor_asks_it_and_leaves_it_the_camera(tmp_path: Path):
    server = ServerProcess(tmp_path, DATABASE_URL="", ADMIN_PASSWORD="a-long-secret-word", CAMERA_DRIVER="simulated")
    try:
        server.wait_until_ready()
        assert server.run_beside("doctor").returncode == 0
        (tmp_path / "images").rename(tmp_path / "drive")
        assert server.run_beside("doctor").returncode == 1
        (tmp_path / "drive").rename(tmp_path / "images")
        assert server.ask("GET", "/health")[1]["checks"]["camera"] == "ok"
        assert '"the server"' in (tmp_path / "camera.holder.json").read_text()
        assert "a-long-secret-word" not in server.log()
    finally:
        server.kill()
