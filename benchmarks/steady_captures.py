"""Captures one after the other, to be compared with the same captures beside other work."""

import random
import time

from benchmarks.server_process import Client

CAPTURES, WARM_UP = 40, 20
EXPOSURE_MS = 33.3
CAPTURE = {"format": "jpg", "quality": 95}
MAX_MORE = 1.05
CAMERA = {"SIMULATED_CAMERA": "colour-2mp", "DEFAULT_EXPOSURE": f"{EXPOSURE_MS:g}", "DEFAULT_GAIN": "0"}


def warm_up(client: Client) -> None:
    for _ in range(WARM_UP):
        client.post("/api/v1/camera/capture", CAPTURE)


def time_captures(client: Client) -> list[float]:
    """Return how many milliseconds each capture took."""
    took_ms = []
    for _ in range(CAPTURES):
        # At a random moment of the camera's rhythm: the waits before a frame differ.
        time.sleep(random.uniform(0, 2 * EXPOSURE_MS / 1000))
        began_s = time.perf_counter()
        client.post("/api/v1/camera/capture", CAPTURE)
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return took_ms
