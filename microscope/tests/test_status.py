"""What the status says when something is broken, and what it never says."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as all_settings
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import timezone

from camera.drivers.installation import Installation
from camera.drivers.usb import UsbDevice
from camera.frame import CameraWarning
from images.backup.state import FINDINGS, WHOLE, Outcome, note_outcome
from images.models import Finding, RunDayCount, Verification
from images.run_days import RunDays, register_run_days
from images.tests.clocks import SetClock
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.status.groups import camera as camera_status
from microscope.status.groups import disk, program, records, work
from microscope.status.line import BAD, FINE, UNKNOWN, WARN
from microscope.status.read import read_status
from microscope.status.running import Running
from microscope.tests.losing import lose

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera", "own_data")]

NAMES = [
    *("Camera library", "Camera", "USB", "USB rights", "Control", "Jobs", "Clock"),
    *("Disk", "Disk speed", "Folder", "Database", "Verification", "Backup", "Restore drill", "Webhooks"),
    *("Version", "Address", "Names", "Proxy", "TLS", "Threads", "Log"),
]


@pytest.fixture
def own_data(settings, tmp_path):
    settings.DATA_PATH, settings.IMAGE_SAVE_PATH = tmp_path, tmp_path / "images"
    settings.CAMERA_DRIVER = "simulated"
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "microscope.log").touch()


@pytest.fixture
def manager(make_user):
    return make_user("grace", "managers")


def read(**headers):
    return {line.name: line for line in read_status(RequestFactory().get("/status/", **headers)).lines}


def note(what, result=WHOLE, days_ago=0, place="/backup/disk", **more):
    at = (timezone.now() - timedelta(days=days_ago)).isoformat()
    note_outcome(all_settings.DATA_PATH, Outcome(what, result, at, at, place, **more))


def test_every_line_has_its_place_and_says_what_to_do_if_it_needs_somebody(archive):
    archive.check()
    lines = list(read().values())
    assert [line.name.replace("USB driver", "USB rights") for line in lines] == NAMES
    for line in lines:
        assert bool(line.todo) or not line.needs_you, line
        assert line.state


def test_a_full_disk_is_bad_and_says_that_nothing_is_deleted(archive, monkeypatch):
    archive.check()
    monkeypatch.setattr(archive._folder, "_reserve_bytes", 10**18)
    line = read()["Disk"]
    assert (line.level, line.state) == (BAD, "Full")
    assert "never deleted" in line.todo


def test_the_disk_says_when_it_will_be_full_at_the_pace_of_the_last_pictures(archive, keep_image):  # noqa: F811
    image = keep_image(taken_at=timezone.now() - timedelta(hours=1))
    room_bytes = image.file_size * 10
    full_at = disk.find_full_at(room_bytes, timezone.now())
    assert timedelta(days=9) < full_at - timezone.now() < timedelta(days=11)
    assert disk.find_full_at(room_bytes, image.captured_at - timedelta(days=1)) is None  # the clock is wrong


def test_a_drive_that_is_away_is_bad_and_its_path_is_for_managers_alone(archive, tmp_path):
    archive.check()
    archive.root.rename(tmp_path / "drive")
    line = read()["Folder"]
    assert (line.level, line.names) == (BAD, str(archive.root))
    (tmp_path / "drive").rename(archive.root)
    assert read()["Folder"].level == FINE


def test_to_look_makes_no_folder(archive):
    assert read()["Folder"].level == UNKNOWN
    assert not archive.root.exists()


def test_the_speed_of_the_disk_is_that_of_the_last_pictures(archive, keep_image):  # noqa: F811
    archive.check()
    assert read()["Disk speed"].level == UNKNOWN
    keep_image()
    assert "slowest of the last 1" in read()["Disk speed"].now
    slow = replace(archive.write_times.last()[0], seconds=9.0)
    assert disk.describe_write_times("Disk speed", [slow]).level == WARN


def test_a_lost_camera_is_bad_since_it_was_lost(camera, drivers, monkeypatch):
    lose(camera, drivers, monkeypatch)
    line = read()["Camera"]
    assert line.level == BAD and "cable" in line.todo
    assert timezone.now() - line.since < timedelta(hours=1)


def test_a_simulated_camera_that_nobody_asked_for_needs_somebody(camera, settings):
    camera.limits()
    assert (read()["Camera"].level, read()["Camera"].state) == (FINE, "Simulated")
    settings.CAMERA_DRIVER = "auto"
    assert read()["Camera"].level == WARN


@pytest.mark.parametrize(
    ("driver", "version", "level"), [("auto", None, WARN), ("pixelink", None, BAD), ("pixelink", "4.2.6.29", FINE)]
)
def test_a_library_that_is_missing_is_told(settings, driver, version, level):
    settings.CAMERA_DRIVER = driver
    line = camera_status.describe_library(None, Installation("Pixelink", version))
    assert line.level == level and (version or "Pixelink") in line.now


def test_a_camera_that_is_open_proves_its_library(camera, settings):
    settings.CAMERA_DRIVER = "pixelink"
    camera.limits()
    seen = camera_status.look_here(replace(camera.status(), is_simulated=False, state="streaming"))
    assert camera_status.describe_library(seen, Installation("Pixelink", None)).level == FINE


@pytest.mark.parametrize(("speed", "level"), [(5000, FINE), (480, WARN)])
def test_a_slow_port_is_told(speed, level):
    assert camera_status.describe_usb(None, (UsbDevice("PL-D725", speed, True),)).level == level


def test_a_slow_port_is_told_by_the_library_where_the_system_does_not_know(camera):
    camera.limits()
    seen = camera_status.look_here(replace(camera.status(), is_simulated=False))
    slow = CameraWarning(camera_status.SLOW_PORT, "The camera runs at USB 2 speed.")
    warned = camera_status.look_here(replace(camera.status(), is_simulated=False, warnings=(slow,)))
    assert camera_status.describe_usb(replace(seen, state="ready"), None).level == FINE
    assert camera_status.describe_usb(warned, None).level == WARN
    assert camera_status.describe_usb(None, None).level == UNKNOWN


def test_a_camera_that_the_account_may_not_use_is_bad():
    line = camera_status.describe_access(None, (UsbDevice("PL-D725", 5000, False),))
    assert line.level == BAD and "udev" in line.todo


def test_a_camera_that_is_open_shows_that_the_account_may_use_it(camera):
    camera.limits()
    seen = camera_status.look_here(replace(camera.status(), is_simulated=False, state="streaming"))
    assert camera_status.describe_access(seen, None).level == FINE
    assert camera_status.describe_access(None, None).level == UNKNOWN


def test_a_clock_that_went_wrong_is_told(archive):
    clock = SetClock()
    run_days = register_run_days(RunDays(clock))
    run_days.tick()
    assert read()["Clock"].level == FINE
    clock.jump(timedelta(days=400))
    assert read()["Clock"].level == WARN


def test_a_clock_behind_what_was_written_down_is_told_without_a_server(archive):
    assert work.read_clock(Running(is_here=False))[0].level == FINE
    ahead = timezone.now() + timedelta(days=3)
    RunDayCount.objects.create(id=1, expected_at=ahead, counted_on=ahead.date())
    assert work.read_clock(Running(is_here=False))[0].level == WARN


def test_a_database_that_is_away_is_bad_and_hides_nothing_else(archive, monkeypatch):
    archive.check()

    def fail(*_, **__):
        raise OperationalError("password authentication failed for user lab")

    monkeypatch.setattr(records, "connection", type("Away", (), {"cursor": fail})())
    monkeypatch.setattr(records.Verification, "objects", type("Away", (), {"first": fail})())
    lines = read()
    assert (lines["Database"].level, lines["Verification"].level, lines["Folder"].level) == (BAD, UNKNOWN, FINE)
    assert "password" not in json.dumps([line.now + line.todo for line in lines.values()])


def test_a_check_that_fails_hides_no_other(archive, monkeypatch):
    monkeypatch.setattr(program, "describe_names", lambda: 1 / 0)
    lines = read()
    assert lines["Program"].level == UNKNOWN and lines["Database"].level == FINE


def test_a_verification_is_told_by_what_it_found_and_when():
    assert read()["Verification"].state == "Never"
    run = Verification.objects.create(state="finished", finished_at=timezone.now(), image_count=3)
    assert read()["Verification"].level == FINE
    Verification.objects.update(finished_at=timezone.now() - timedelta(days=100))
    assert read()["Verification"].state == "Due"
    run.counts = {str(Finding.Kind.CHANGED): 2}
    run.save()
    assert read()["Verification"].level == BAD


def test_a_stale_backup_and_a_stale_drill_are_told(settings, tmp_path):
    assert (read()["Backup"].level, read()["Restore drill"].level) == (WARN, UNKNOWN)
    settings.BACKUP_TO = tmp_path / "other disk"
    note("backup", days_ago=1)
    assert (read()["Backup"].level, read()["Restore drill"].state) == (FINE, "Never")
    note("drill", days_ago=95)
    assert read()["Restore drill"].state == "Due"
    note("drill")
    assert read()["Restore drill"].level == FINE
    note("backup", days_ago=10)
    assert (read()["Backup"].level, read()["Backup"].state) == (WARN, "Overdue")
    note("backup", FINDINGS, message="a file is gone")
    note("drill", FINDINGS, message="12 rows are missing")
    assert (read()["Backup"].level, read()["Restore drill"].level) == (BAD, BAD)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "state"),
    [(0, "", "None"), (0, "192.0.2.7", "Not trusted"), (1, "192.0.2.7", "Trusted"), (1, "", "Silent")],
)
def test_what_stands_before_the_program_shows_in_the_request(settings, proxies, forwarded, state):
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert read(**headers)["Proxy"].state == state


def test_without_tls_the_network_reads_along(settings):
    assert read()["TLS"].state == "Not needed"
    settings.HOST = "0.0.0.0"
    assert (read()["TLS"].level, read()["TLS"].state) == (WARN, "Off")
    settings.HTTPS = True
    assert (read()["TLS"].level, read()["TLS"].state) == (BAD, "Missing")


def test_the_version_says_since_when_it_runs():
    assert timedelta(0) <= timezone.now() - read()["Version"].since < timedelta(days=1)
    assert program.describe_version(Running(is_here=False)).since is None


def test_managers_see_the_page_and_nobody_else(client, manager, operator, archive):
    archive.check()
    client.force_login(operator)
    assert client.get("/status/").status_code == 403
    client.force_login(manager)
    page = client.get("/status/").content.decode()
    assert all(f">{name}</th>" in page for name in NAMES if not name.startswith("USB "))
    assert "2 of 22 need you." in page
    parts = client.get("/status/parts").json()["parts"]
    assert "need you" in parts["head"] and "<table" in parts["groups"]


def test_the_page_counts_no_images(client, manager, keep_image, django_assert_max_num_queries):  # noqa: F811
    keep_image()
    client.force_login(manager)
    client.get("/status/parts")
    with django_assert_max_num_queries(12) as asked:
        client.get("/status/parts")
    of_images = [query["sql"] for query in asked.captured_queries if 'FROM "images"' in query["sql"]]
    assert of_images and all(re.search(r"LIMIT \d+$", one) and "COUNT(" not in one for one in of_images)


def test_programs_get_the_same_lines(api, manager, viewer, archive):
    archive.check()
    answer = api(manager).get("/api/v1/status").json()
    lines = {line["name"]: line for group in answer["groups"] for line in group["lines"]}
    assert lines["Database"]["level"] == "fine" and answer["needYou"] == 2
    assert api(viewer).get("/api/v1/status").status_code == 403
