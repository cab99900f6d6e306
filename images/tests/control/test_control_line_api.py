"""Over the API: to wait until the camera is free, to stand in line, and what a script is told of whoever asks."""

from urllib.parse import unquote

import pytest

from camera.registry import the_live_view
from images.control.control import the_control
from images.control.waiting import WaitingRoom, register_waiting_room

SETTINGS, CAPTURE, CONTROL = "/api/v1/camera/settings", "/api/v1/camera/capture", "/api/v1/control"
HEADER = "X-Control-Asked-By"


@pytest.fixture
def room():
    room = WaitingRoom(most=0)
    register_waiting_room(room)
    yield room
    register_waiting_room(WaitingRoom())


def take(client, wait=None, **body):
    return client.post(f"{CONTROL}?wait={wait}" if wait is not None else CONTROL, body, format="json")


def test_a_free_camera_needs_no_wait_and_no_place(clock, ada, room):
    assert take(ada, 30, minutes=5).status_code == 201
    assert take(ada, 30, minutes=5).status_code == 201


def test_who_waits_in_vain_reads_who_has_it(clock, ada, ben):
    take(ada, minutes=30)
    answer = take(ben, 0.05)
    assert (answer.status_code, answer.json()["code"]) == (409, "control_held")
    assert "Ada Lovelace" in answer.json()["message"]


def test_without_a_place_the_answer_says_when_to_try_again(clock, ada, ben, room):
    take(ada, minutes=30)
    answer = take(ben, 30)
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_waiting")
    assert int(answer.headers["Retry-After"]) > 0
    assert take(ben).status_code == 409


def test_a_wait_ends_with_the_program(clock, ada, ben):
    room = WaitingRoom()
    room.close()
    register_waiting_room(room)
    take(ada, minutes=30)
    answer = take(ben, 30)
    register_waiting_room(WaitingRoom())
    assert (answer.status_code, answer.json()["code"]) == (503, "wait_ended")


@pytest.mark.parametrize("wait", ["31", "-1", "x", "", "1e300"])
def test_a_wait_is_bounded(clock, ada, wait):
    answer = take(ada, wait)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["wait"])
    assert the_control().current() is None


def test_of_those_who_stand_in_line_each_sees_the_own_place(clock, ada, ben, grace):
    take(ada, minutes=30)
    ben.post(f"{CONTROL}/ask", {"message": "two pictures"}, format="json")
    assert grace.get(CONTROL).json()["you"]["mayAsk"]
    answer = grace.post(f"{CONTROL}/ask", {"queue": True}, format="json")
    assert answer.status_code == 202
    mine = answer.json()["ask"]
    assert (mine["name"], mine["isMine"], mine["place"], mine["inLine"]) == ("Grace Hopper", True, 2, 2)
    assert not answer.json()["you"]["mayAsk"]
    first = ada.get(CONTROL).json()["ask"]
    assert (first["name"], first["message"], first["place"], first["inLine"]) == ("Ben Osei", "two pictures", 1, 2)
    ada.post(f"{CONTROL}/answer", {"give": False, "message": "later"}, format="json")
    assert ada.get(CONTROL).json()["ask"]["name"] == "Grace Hopper"
    assert grace.get(CONTROL).json()["ask"]["place"] == 1


def test_a_script_reads_who_asks_in_the_answer_to_each_change(clock, ada, ben):
    lease = {"HTTP_X_CONTROL_LEASE": take(ada, label="scan.py", minutes=30).json()["leaseId"]}
    changes = [
        lambda: ada.patch(SETTINGS, {"exposure": 7}, format="json", **lease),
        lambda: ada.post(CAPTURE, {"exposure": 4}, format="json", **lease),
        lambda: ada.post("/api/v1/camera/auto-exposure", **lease),
        lambda: ada.post("/api/v1/camera/white-balance", **lease),
        lambda: ada.patch(CONTROL, {}, format="json", **lease),
    ]
    assert all(HEADER not in change().headers for change in changes)
    ben.post(f"{CONTROL}/ask", {}, format="json")
    for change in changes:
        answer = change()
        assert answer.status_code < 300, answer.content
        assert answer.headers[HEADER] == "Ben%20Osei"
    ben.delete(f"{CONTROL}/ask")
    assert all(HEADER not in change().headers for change in changes)


def test_nobody_but_the_holder_reads_it_there(clock, ada, ben, camera):
    take(ada, minutes=30)
    ben.post(f"{CONTROL}/ask", {}, format="json")
    with camera.watching():
        the_live_view().take_picture()
        kept = ben.post(CAPTURE, {}, format="json")
    assert (kept.status_code, HEADER in kept.headers) == (201, False)
    assert HEADER not in ben.patch(SETTINGS, {"exposure": 7}, format="json").headers
    assert HEADER not in ada.get(CONTROL).headers


@pytest.mark.parametrize("name", ["Łukasz Żółć", "李 明", "a\r\nSet-Cookie: b=1", '50% "off"; x', "\u202e‮"])
def test_any_name_comes_through_a_header(clock, ada, api, make_user, name):
    asker = api(make_user("asker", "operators", first_name=name))
    take(ada, minutes=30)
    asker.post(f"{CONTROL}/ask", {}, format="json")
    said = ada.patch(CONTROL, {}, format="json").headers[HEADER]
    assert said.isascii()
    assert unquote(said) == ada.get(CONTROL).json()["ask"]["name"]


def test_another_origin_may_read_it(clock, ada, ben, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://lab.example"]
    take(ada, minutes=30)
    answer = ada.patch(CONTROL, {}, format="json", HTTP_ORIGIN="https://lab.example")
    assert HEADER in answer.headers["Access-Control-Expose-Headers"]
