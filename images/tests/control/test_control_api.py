"""Control over the API: who may change the camera, what others are told, and how it passes on."""

from datetime import timedelta

import pytest

from accounts.models import User
from camera.errors import ControlLost
from camera.registry import the_live_view
from camera.tests.rig import Asking, wait_until
from images.control.control import the_control
from images.control.words import show_time
from images.models import CameraControl
from images.tests.clocks import START
from microscope.models import AuditEntry

SETTINGS, CAPTURE, CONTROL = "/api/v1/camera/settings", "/api/v1/camera/capture", "/api/v1/control"


def told(client) -> dict:
    return client.get(CONTROL).json()


def set_exposure(client, exposure=8, **headers):
    return client.patch(SETTINGS, {"exposure": exposure}, format="json", **headers)


def whats() -> list[str]:
    return [one.what for one in AuditEntry.objects.filter(what__startswith="control").order_by("pk")]


def test_one_person_never_meets_it(clock, ada):
    assert set_exposure(ada).status_code == 200
    assert ada.post(CAPTURE, {"exposure": 4}, format="json").status_code == 201
    assert ada.post("/api/v1/camera/auto-exposure").status_code == 200
    clock.run(timedelta(seconds=1000))
    assert set_exposure(ada).status_code == 200


def test_a_request_that_changes_nothing_neither_takes_control_nor_needs_it(clock, ada, ben):
    """The pages send it after a loss, to make the server look for the camera."""
    assert ben.patch(SETTINGS, {}, format="json").status_code == 200
    assert told(ben)["state"] == "free"
    set_exposure(ada)
    assert ben.patch(SETTINGS, {}, format="json").status_code == 200
    assert told(ada)["isMine"]


def test_another_is_refused_and_told_whom_to_ask(clock, ada, ben, camera):
    set_exposure(ada, 8)
    answer = set_exposure(ben, 30)
    assert answer.status_code == 409
    said = answer.json()
    assert said["code"] == "control_held"
    assert said["message"].startswith("Ada Lovelace's script script controls the camera.")
    assert said["control"]["holder"]["name"] == "Ada Lovelace"
    assert camera.status().settings.exposure_ms == 8
    assert told(ben)["you"]["mayAsk"]
    assert not told(ben)["you"]["mayChange"]


@pytest.mark.parametrize("minutes", [{}, {"minutes": 30}])
def test_each_refusal_says_who_has_it_and_when_it_ends(clock, ada, ben, minutes):
    """C9."""
    end = f"until {show_time(START + timedelta(minutes=30))}" if minutes else "90 seconds after the last change."
    lease = ada.post(CONTROL, {"label": "scan.py", **minutes}, format="json").json()["leaseId"]
    refused = [
        set_exposure(ben),
        ben.post(CONTROL, {"minutes": 5}, format="json"),
        ben.post(CAPTURE, {}, format="json"),
        set_exposure(ben, HTTP_X_CONTROL_LEASE=lease[:-1] + ("0" if lease[-1] != "0" else "1")),
    ]
    for answer in refused:
        assert answer.status_code == 409
        assert "Ada Lovelace's script scan.py" in answer.json()["message"]
        assert end in answer.json()["message"]
        assert answer.json()["control"]["holder"]["name"] == "Ada Lovelace"


def test_control_that_is_not_used_is_free_after_ninety_seconds(clock, ada, ben):
    set_exposure(ada)
    clock.run(timedelta(seconds=89))
    assert set_exposure(ben).status_code == 409
    clock.run(timedelta(seconds=2))
    assert set_exposure(ben).status_code == 200
    assert whats() == ["control_taken", "control_lapsed", "control_taken"]


def test_what_is_seen_may_be_kept_while_another_controls_the_camera(clock, ada, ben, camera):
    set_exposure(ada, 8)
    assert ben.post(CAPTURE, {"exposure": 99}, format="json").status_code == 409
    with camera.watching():
        the_live_view().take_picture()
        answer = ben.post(CAPTURE, {}, format="json")
    assert answer.status_code == 201
    assert camera.status().settings.exposure_ms == 8


def test_without_a_stream_there_is_nothing_to_keep(clock, ada, ben, camera):
    ada.post(CONTROL, {"minutes": 30}, format="json")
    answer = ben.post(CAPTURE, {}, format="json")
    assert answer.status_code == 409
    assert "No live picture to keep" in answer.json()["message"]


def test_a_capture_that_was_made_is_answered_again_whoever_controls_the_camera_now(clock, ada, ben):
    key = {"HTTP_IDEMPOTENCY_KEY": "one"}
    first = ben.post(CAPTURE, {"exposure": 3}, format="json", **key)
    clock.run(timedelta(seconds=100))
    set_exposure(ada)
    again = ben.post(CAPTURE, {"exposure": 3}, format="json", **key)
    assert (again.status_code, again.json()) == (201, first.json())


def test_ask_and_give(clock, ada, ben):
    ada.post(CONTROL, {"label": "browser", "minutes": 30, "note": "focus series"}, format="json")
    assert ben.post(f"{CONTROL}/ask", {"message": "two pictures"}, format="json").status_code == 202
    asked = told(ada)["ask"]
    assert (asked["name"], asked["message"], asked["isMine"]) == ("Ben Osei", "two pictures", False)
    assert ben.post(f"{CONTROL}/answer", {"give": True}, format="json").status_code == 403
    assert ada.post(f"{CONTROL}/answer", {"give": True}, format="json").status_code == 200
    assert set_exposure(ben).status_code == 200
    assert whats()[-2:] == ["control_asked", "control_given"]


def test_a_script_that_gave_its_lease_away_is_told_to_stop(clock, ada, ben):
    lease = ada.post(CONTROL, {"label": "scan.py", "minutes": 30}, format="json").json()["leaseId"]
    ben.post(f"{CONTROL}/ask", {}, format="json")
    answer = ada.post(f"{CONTROL}/answer", {"give": True}, format="json", HTTP_X_CONTROL_LEASE=lease)
    assert answer.status_code == 200
    assert told(ben)["isMine"]
    assert told(ben)["notice"]["what"] == "received"
    assert set_exposure(ben).status_code == 200
    lost = set_exposure(ada, HTTP_X_CONTROL_LEASE=lease)
    assert (lost.status_code, lost.json()["code"]) == (409, "control_lost")


@pytest.mark.parametrize("lease", ["", "no-lease", "9e107d9d-372b-4b1e-8f0b-3c1a5a0b7d11", "x" * 5000])
def test_a_lease_that_is_none_is_no_fault_of_the_program(clock, ada, lease):
    answer = set_exposure(ada, HTTP_X_CONTROL_LEASE=lease)
    assert (answer.status_code, answer.json()["code"]) == (409, "control_lost")


def test_not_now_tells_the_asker_when(clock, ada, ben):
    lease = ada.post(CONTROL, {"label": "scan.py", "minutes": 30}, format="json").json()["leaseId"]
    ben.post(f"{CONTROL}/ask", {}, format="json")
    said = {"give": False, "message": "In 5 minutes"}
    ada.post(f"{CONTROL}/answer", said, format="json", HTTP_X_CONTROL_LEASE=lease)
    notice = told(ben)["notice"]
    assert (notice["what"], notice["byName"], notice["text"]) == ("denied", "Ada Lovelace", "In 5 minutes")
    assert told(ben)["ask"] is None
    assert whats()[-1] == "control_denied"


def test_one_asks_at_a_time(clock, ada, ben, grace):
    ada.post(CONTROL, {"minutes": 30}, format="json")
    ben.post(f"{CONTROL}/ask", {}, format="json")
    answer = grace.post(f"{CONTROL}/ask", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "asked_by_other")
    assert answer.json()["message"].startswith(f"Ben Osei has asked since {show_time(START)}")
    assert answer.json()["ask"] == {"name": "Ben Osei", "at": START.isoformat(), "inLine": 1}
    ben.delete(f"{CONTROL}/ask")
    assert grace.post(f"{CONTROL}/ask", {}, format="json").status_code == 202


def test_who_waits_a_minute_takes_it_only_if_the_holder_is_away(clock, ada, ben):
    lease = ada.post(CONTROL, {"minutes": 60}, format="json").json()["leaseId"]
    ben.post(f"{CONTROL}/ask", {}, format="json")
    for _ in range(4):
        clock.run(timedelta(seconds=40))
        assert ben.post(f"{CONTROL}/take", {}, format="json").status_code == 403
        assert set_exposure(ada, HTTP_X_CONTROL_LEASE=lease).status_code == 200
    # Renewing keeps the lease alive, but is no use of the camera.
    for _ in range(2):
        clock.run(timedelta(seconds=61))
        ada.patch(CONTROL, {}, format="json", HTTP_X_CONTROL_LEASE=lease)
    clock.run(timedelta(seconds=20))
    assert told(ben)["you"]["mayTake"]
    assert ben.post(f"{CONTROL}/take", {}, format="json").status_code == 201
    assert whats()[-1] == "control_taken_over"
    assert told(ada)["notice"]["what"] == "taken"


def test_a_manager_takes_it_with_a_reason(clock, ada, grace, ben):
    ada.post(CONTROL, {"minutes": 60}, format="json")
    assert ben.post(f"{CONTROL}/take", {"reason": "I want it"}, format="json").status_code == 403
    answer = grace.post(f"{CONTROL}/take", {"reason": " ?! "}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "reason_missing")
    assert grace.post(f"{CONTROL}/take", {"reason": "sample change"}, format="json").status_code == 201
    notice = told(ada)["notice"]
    assert (notice["what"], notice["byName"], notice["text"]) == ("taken", "Grace Hopper", "sample change")
    entry = AuditEntry.objects.get(what="control_taken_over")
    assert (entry.who, entry.details["reason"], entry.details["fromUser"]) == ("grace", "sample change", "ada")


def test_at_once_means_that_the_picture_in_progress_is_lost(clock, ada, grace, camera):
    lease = ada.post(CONTROL, {"minutes": 60}, format="json").json()["leaseId"]
    permit = the_control().admit(the_control().current().holder)
    long = Asking(lambda: camera.take(exposure_ms=10_000.0, permit=permit))
    wait_until(lambda: camera.status().state == "streaming")
    said = {"reason": "sample change", "afterPicture": False}
    assert grace.post(f"{CONTROL}/take", said, format="json").status_code == 201
    with pytest.raises(ControlLost):
        long.answer()
    assert set_exposure(grace).status_code == 200
    assert set_exposure(ada, HTTP_X_CONTROL_LEASE=lease).status_code == 409


def test_control_that_passed_on_meanwhile_is_not_taken(clock, ada, grace, ben):
    seen = ada.post(CONTROL, {"minutes": 1}, format="json").json()["fence"]
    clock.run(timedelta(seconds=100))
    ben.post(CONTROL, {"minutes": 60}, format="json")
    answer = grace.post(f"{CONTROL}/take", {"reason": "sample change", "fence": seen}, format="json")
    assert (answer.status_code, answer.json()["control"]["holder"]["name"]) == (409, "Ben Osei")


def test_taking_again_keeps_lease_and_fence(clock, ada):
    first = ada.post(CONTROL, {"label": "scan.py", "minutes": 5}, format="json").json()
    again = ada.post(CONTROL, {"label": "scan.py", "minutes": 90}, format="json").json()
    assert (again["leaseId"], again["fence"]) == (first["leaseId"], first["fence"])
    assert again["until"] > first["until"]


def test_release_makes_it_free_for_others(clock, ada, ben):
    lease = ada.post(CONTROL, {"minutes": 60}, format="json").json()["leaseId"]
    assert ben.delete(CONTROL).status_code == 204
    assert told(ben)["state"] == "held"
    assert ada.delete(CONTROL, HTTP_X_CONTROL_LEASE=lease).status_code == 204
    assert told(ben)["state"] == "free"
    assert CameraControl.objects.get().lease_id is None


def test_who_may_not_capture_any_more_has_no_control(clock, ada, ben, make_user, django_capture_on_commit_callbacks):
    ada.post(CONTROL, {"minutes": 60}, format="json")
    with django_capture_on_commit_callbacks(execute=True):
        User.objects.get(username="ada").groups.clear()
    assert told(ben)["state"] == "free"
    ben.post(CONTROL, {"minutes": 60}, format="json")
    user = User.objects.get(username="ben")
    user.is_active = False
    with django_capture_on_commit_callbacks(execute=True):
        user.save()
    assert the_control().current() is None


def test_a_script_in_a_loop_is_slowed_down(clock, ada, ben):
    ada.post(CONTROL, {"minutes": 60}, format="json")
    codes = [set_exposure(ben).status_code for _ in range(62)]
    assert codes[:60] == [409] * 60
    assert codes[60:] == [429, 429]
    assert int(set_exposure(ben).headers["Retry-After"]) > 0
    clock.run(timedelta(seconds=61))
    assert set_exposure(ben).status_code == 409


def test_texts_are_bounded_and_kept_as_they_are(clock, ada, ben):
    assert ada.post(CONTROL, {"note": "x" * 81}, format="json").status_code == 400
    assert ada.post(CONTROL, {"label": "<b>\u202e", "note": "<script>", "minutes": 5}, format="json").status_code == 201
    assert told(ben)["note"] == "<script>"
    for minutes in (0, -1, 481, "NaN", "Infinity", 1e300):
        assert ada.post(CONTROL, {"minutes": minutes}, format="json").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_user_who_is_deleted_leaves_the_camera_free_and_the_log_whole(ada, ben):
    ada.post(CONTROL, {"minutes": 60}, format="json")
    ben.post(f"{CONTROL}/ask", {}, format="json")
    User.objects.get(username="ada").delete()
    assert told(ben)["state"] == "free"
    assert set_exposure(ben).status_code == 200
    User.objects.get(username="ben").delete()
    entries = AuditEntry.objects.filter(what__startswith="control").order_by("pk").values_list("who", "what")
    assert list(entries) == [
        ("ada", "control_taken"),
        ("ben", "control_asked"),
        ("ada", "control_released"),
        ("ben", "control_taken"),
        ("ben", "control_released"),
    ]
    row = CameraControl.objects.get()
    assert (row.lease_id, row.holder_user_id, row.asked_by_id) == (None, None, None)
