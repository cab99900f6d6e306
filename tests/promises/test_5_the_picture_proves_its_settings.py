"""Promise 5: the record holds what the frame itself carries. The frame was exposed wholly after the request, with the
requested settings. The stand-in camera logs each exposure, and the pixels prove the same."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from camera.tests.rig import SERIAL
from camera.tests.standin.camera import StandinCamera
from tests.promises.bench import IS_LONG
from tests.promises.server import Server
from tests.promises.watching import Watcher

pytestmark = pytest.mark.long

CLIENTS = 8
CAPTURES_EACH = 125 if IS_LONG else 12
MODEL = {"significant_bits": 12}
DELIVERED_BITS = 8


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, the request, and its times, on the clock that all processes of a computer share."""

    exposure_ms: float
    gain_db: float
    asked_at_s: float
    answered_at_s: float
    answer: dict[str, Any]


def settings_of(client: int, number: int) -> tuple[float, float]:
    """Return settings such that no two clients ever use the same exposure, and no client uses it twice in a row."""
    return round(1.5 + 0.5 * client + 0.1 * (number % 4), 3), round(0.6 * ((client + number) % 8), 1)


def capture_as(server: Server, client: int) -> list[Told]:
    """Capture with own settings. Now and then this client also changes the shared settings."""
    told = []
    for number in range(CAPTURES_EACH):
        if client == 0 and number % 5 == 0:
            shared = {"exposure": 7.0 + number % 3, "gain": 1.0}
            assert server.client.ask("PATCH", "/api/v1/camera/settings", shared).status == 200
        exposure_ms, gain_db = settings_of(client, number)
        asked_at_s = time.perf_counter()
        answer = server.client.must_capture(exposure=exposure_ms, gain=gain_db, format="png")
        told.append(Told(exposure_ms, gain_db, asked_at_s, time.perf_counter(), answer))
    return told


def capture_steadily(server: Server, _: int) -> list[Told]:
    """Capture with the settings in force. Frames that are already in transit have them too: only their time differs."""
    shared = server.client.get("/api/v1/camera")["settings"]
    told = []
    for _ in range(CAPTURES_EACH):
        asked_at_s = time.perf_counter()
        answer = server.client.must_capture(format="png")
        told.append(Told(shared["exposure"], shared["gain"], asked_at_s, time.perf_counter(), answer))
    return told


def capture_together(
    server: Server, capture: Callable[[Server, int], list[Told]], number: int
) -> tuple[list[Told], list[list[Any]]]:
    """Return the answers, and all exposures that the camera made meanwhile."""
    exposures: list[list[Any]] = []
    with ThreadPoolExecutor(number) as clients:
        series = [clients.submit(capture, server, client) for client in range(number)]
        while not all(told.done() for told in series):
            time.sleep(0.5)
            exposures += server.tell("exposures", exposures[-1][1] if exposures else 0.0)
        exposures += server.tell("exposures", exposures[-1][1])
    return [told for one in series for told in one.result()], exposures


def assert_told_what_was_asked(told: Told) -> None:
    answer, actual = told.answer, told.answer["metadata"]["actual"]
    assert answer["exposureTime"] == actual["exposureMs"] == pytest.approx(told.exposure_ms, abs=1e-3)
    assert answer["gain"] == actual["gainDb"] == pytest.approx(told.gain_db, abs=1e-3)


def exposure_of(told: Told, exposures: list[list[Any]]) -> list[Any]:
    """Return the newest exposure of this number that ended before the answer: each stream counts from the beginning."""
    number = told.answer["metadata"]["frame"]["number"]
    return [one for one in exposures if one[0] == number and one[2] <= told.answered_at_s][-1]


def assert_exposed_so(told: Told, exposure: list[Any]) -> None:
    _, started_at_s, _, exposure_s, gain_db, _ = exposure
    assert exposure_s * 1000 == pytest.approx(told.exposure_ms, abs=1e-3)
    assert gain_db == pytest.approx(told.gain_db, abs=1e-3)
    assert started_at_s >= told.asked_at_s, f"exposed {told.asked_at_s - started_at_s:.6f} s before it was asked for"


def expected_pixels(camera: StandinCamera, told: Told) -> np.ndarray:
    settings = replace(
        camera.settings, exposure_s=float(np.float32(told.exposure_ms / 1000)), gain_db=float(np.float32(told.gain_db))
    )
    return camera.sensor.samples(settings) >> MODEL["significant_bits"] - DELIVERED_BITS


@pytest.mark.parametrize(
    ("late_frames", "frames_under_way", "start_s", "drift_ppm"), [(2, 1, 0.01, 200.0), (3, 2, 0.3, -200.0)]
)
def test_none_under_other_settings_none_too_early_none_of_another_client(
    bench, late_frames, frames_under_way, start_s, drift_ppm
):
    plan = {
        "standin": MODEL,
        "late_frames": late_frames,
        "frames_under_way": frames_under_way,
        "start_s": start_s,
        "drift_ppm": drift_ppm,
    }
    server = bench.serve(plan, DEFAULT_EXPOSURE="8")
    with ExitStack() as people:
        watchers = [people.enter_context(Watcher(server)) for _ in range(3)]
        server.wait_until(lambda: all(watcher.pictures for watcher in watchers))
        all_told, exposures = capture_together(server, capture_as, CLIENTS)
        assert server.client.ask("PATCH", "/api/v1/camera/settings", {"exposure": 40, "gain": 2}).status == 200
        steadily_told, later = capture_together(server, capture_steadily, 2)
    all_told, exposures = all_told + steadily_told, exposures + later
    assert len(all_told) == (CLIENTS + 2) * CAPTURES_EACH
    camera = StandinCamera(SERIAL, **MODEL)
    used = set()
    for told in all_told:
        assert_told_what_was_asked(told)
        exposure = exposure_of(told, exposures)
        assert_exposed_so(told, exposure)
        used.add((exposure[5], exposure[0]))
        with Picture.open(Path(told.answer["filepath"])) as picture:
            assert np.array_equal(np.asarray(picture), expected_pixels(camera, told)), told
        bench.note(told.answer)
    assert len(used) == len(all_told), "one frame was given to two"
    assert server.tell("violations") == []
    bench.assert_promises_kept()
