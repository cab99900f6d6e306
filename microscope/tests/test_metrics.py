"""What Prometheus gets, and who gets it."""

import re
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import make_token
from images.errors import DiskFull
from images.tests.frames import TAKEN_AT
from microscope.metrics import measured
from microscope.tests.losing import lose

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def manager(make_user):
    return make_user("grace", "managers")


def read(client, **headers) -> dict[str, float]:
    """Return every number by its name, with its labels if it has any."""
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    samples = [sample for family in families for sample in family.samples]
    return {one.name + "".join(f" {key}={value}" for key, value in one.labels.items()): one.value for one in samples}


def test_a_capture_is_counted_with_its_time(client, api, operator):
    before = read(client)
    assert api(operator).post("/api/v1/camera/capture", {"exposure": 5}, format="json").status_code == 201
    after = read(client)
    for name in ("captures_total result=stored", "capture_seconds_count", "originals_written_total"):
        assert after[f"microscope_{name}"] - before.get(f"microscope_{name}", 0) == 1, name
    assert after["microscope_capture_seconds_sum"] > before["microscope_capture_seconds_sum"]
    assert after["microscope_originals_written_bytes_total"] > 0
    assert after["microscope_camera_connected"] == after["microscope_storage_up"] == 1


def test_a_capture_that_fails_is_counted_by_its_cause_and_takes_no_time(client, api, operator, archive, monkeypatch):
    archive.check()
    monkeypatch.setattr(archive._folder, "_reserve_bytes", 10**18)
    before = read(client)
    assert api(operator).post("/api/v1/camera/capture", {}, format="json").status_code == 507
    after, name = read(client), f"microscope_captures_total result={DiskFull.code}"
    assert after[name] - before.get(name, 0) == 1
    assert after["microscope_capture_seconds_count"] == before["microscope_capture_seconds_count"]
    assert after["microscope_storage_up"] == 0
    assert after["microscope_disk_reserve_bytes"] == 1e18


def test_a_lost_camera_is_told(client, camera, drivers, monkeypatch):
    lose(camera, drivers, monkeypatch)
    numbers = read(client)
    assert numbers["microscope_camera_connected"] == 0
    assert numbers["microscope_camera_state state=fault"] + numbers["microscope_camera_state state=reopening"] == 1


def test_a_drive_that_is_away_has_no_free_space(client, archive, tmp_path):
    archive.check()
    archive.root.rename(tmp_path / "drive")
    numbers = read(client)
    assert numbers["microscope_storage_up"] == 0
    assert "microscope_disk_free_bytes" not in numbers
    assert numbers["microscope_database_up"] == 1


def test_names_and_units_are_as_prometheus_wants_them(client, archive):
    archive.check()
    for name in read(client):
        bare = name.split(" ")[0]
        assert re.fullmatch(r"(microscope|process)_[a-z_]+", bare), name
        assert not re.search(r"_(ms|mb|gb|percent|minutes|hours)(_|$)", bare), name


def test_it_names_nobody_and_no_folder(client, archive, operator, settings):
    archive.keep(TAKEN_AT, ".jpg", lambda file: file.write(b"pixels"))
    said = client.get("/metrics").content.decode()
    for secret in (f'"{operator.username}"', str(archive.root), settings.SECRET_KEY, "capture_2025"):
        assert secret not in said


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.9.1"])
def test_a_program_on_the_pc_needs_no_token(client, peer):
    assert client.get("/metrics", REMOTE_ADDR=peer).status_code == 200


@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize(
    "headers",
    [
        ELSEWHERE,
        {"REMOTE_ADDR": ""},
        {**ELSEWHERE, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "127.0.0.1"},
    ],
)
def test_who_comes_from_elsewhere_or_through_a_proxy_needs_a_token(client, settings, headers, proxies):
    settings.TRUSTED_PROXIES = proxies
    answer = client.get("/metrics", **headers)
    assert (answer.status_code, answer.json()["statusCode"]) == (401, 401)


def test_the_token_of_a_manager_is_enough_and_that_of_a_viewer_is_not(api, manager, viewer):
    assert api(manager).get("/metrics", **ELSEWHERE).status_code == 200
    assert api(viewer).get("/metrics", **ELSEWHERE).status_code == 403


def test_prometheus_shows_the_personal_token_of_a_manager(client, manager, operator):
    def ask_as(user) -> Callable[[], int]:
        text = make_token(user, f"prometheus of {user}", PersonalToken.Scope.VIEW, 30)[1]
        return lambda: client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {text}", **ELSEWHERE).status_code

    ask_as_manager, ask_as_operator = ask_as(manager), ask_as(operator)
    assert (ask_as_manager(), ask_as_operator()) == (200, 403)
    manager.groups.clear()
    assert ask_as_manager() == 403
    manager.is_active = False
    manager.save()
    assert ask_as_manager() == 401


def test_it_answers_as_prometheus_asks(client):
    asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    answer = client.get("/metrics", HTTP_ACCEPT=asked)
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.decode().endswith("# EOF\n")
    assert client.get("/metrics")["Content-Type"].startswith("text/plain")
    assert client.get("/metrics")["Cache-Control"] == "no-store"


def test_with_https_a_program_on_the_pc_still_asks_without(client, settings):
    settings.HTTPS = True
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **ELSEWHERE).status_code == 403


def test_it_asks_the_database_little_and_counts_no_images(client, archive, django_assert_max_num_queries):
    archive.check()
    client.get("/metrics")
    with django_assert_max_num_queries(4) as asked:
        client.get("/metrics")
    assert not any("images" in query["sql"] for query in asked.captured_queries)


def test_it_can_only_be_read(client):
    assert client.post("/metrics").status_code == 405
    assert client.head("/metrics").status_code == 200


def test_numbers_that_cannot_be_read_hide_no_others(client, monkeypatch):
    monkeypatch.setattr(measured, "find_backup_trouble", lambda: 1 / 0)
    numbers = read(client)
    assert "microscope_backup_trouble" not in numbers
    assert "microscope_camera_connected" in numbers
