"""The real server with a clock that is 400 days ahead of its own records."""

import sqlite3
import time
from contextlib import closing

from microscope.tests.server_process import ServerProcess

PASSWORD = "a-long-secret-word"


def start(tmp_path) -> ServerProcess:
    server = ServerProcess(tmp_path, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD, CAMERA_DRIVER="simulated")
    return server.wait_until_ready()


def wait_for_clock(server: ServerProcess, state: str) -> None:
    until_s = time.monotonic() + 60
    while (health := server.ask("GET", "/health"))[1]["clock"] != state:
        assert time.monotonic() < until_s, health
        time.sleep(0.1)
    assert health[0] == 200


def test_a_start_with_the_clock_400_days_ahead_keeps_what_is_in_the_bin_and_says_so(tmp_path):
    server = start(tmp_path)
    try:
        token = server.log_in("admin", PASSWORD)
        image_id = server.ask("POST", "/api/v1/camera/capture", {"exposure": 5}, token)[1]["imageId"]
        assert server.ask("POST", "/api/v1/images/bin", {"ids": [image_id]}, token)[0] == 200
        wait_for_clock(server, "ok")
        server.tell_to_stop()
        server.wait_until_ended()
        with closing(sqlite3.connect(tmp_path / "microscope.sqlite3")) as database:
            for column in ("run_day_count.expected_at", "images.binned_at", "audit.at"):
                table, name = column.split(".")
                database.execute(f"UPDATE {table} SET {name} = datetime({name}, '-400 days')")
            database.commit()

        server = start(tmp_path)
        wait_for_clock(server, "in_doubt")
        token = server.log_in("admin", PASSWORD)
        assert server.ask("GET", f"/api/v1/images/{image_id}", None, token)[1]["binDaysLeft"] == 30
        assert next(tmp_path.glob("images/*/capture_*.jpg")).exists()
        assert "The clock of this PC may be wrong." in server.log()
        captured = server.ask("POST", "/api/v1/camera/capture", {"exposure": 5}, token)
        assert captured[0] == 201
        image = server.ask("GET", f"/api/v1/images/{captured[1]['imageId']}", None, token)[1]
        assert image["metadata"]["clockInDoubt"] is True
    finally:
        server.kill()
