"""The links to the live view, opened by other programs, against the real server, also below a root path."""

import time
import urllib.error
import urllib.request
from email.message import Message

import pytest

from images.tests.readers.programs import read_with_imagej
from microscope.tests.server_process import ServerProcess

pytestmark = pytest.mark.long

PASSWORD = "lines-password"
CAMERA = {"SIMULATED_CAMERA": "colour-small", "LIVE_MAX_WATCHERS": "2", "LIVE_MAX_FPS": "20"}
DEACTIVATE = "from accounts.models import User; User.objects.filter(username='{}').update(is_active={})"


@pytest.fixture(scope="module", params=["", "/microscope"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    server = ServerProcess(folder, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD, ROOT_PATH=request.param, **CAMERA)
    yield server.wait_until_ready()
    server.kill()


@pytest.fixture
def token(server) -> str:
    return server.log_in("admin", PASSWORD)


@pytest.fixture
def links(server, token) -> dict[str, str]:
    status, links = server.ask("POST", "/api/v1/camera/live/link", {}, token)
    assert status == 201
    return links


def open_address(address: str, token: str = ""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60)


def read_picture(stream) -> bytes:
    """Return the next picture of a stream. Reads its boundary and headers line by line."""
    head = Message()
    while not (line := stream.readline()).startswith(b"--"):
        assert line, "the stream has ended"
    while (line := stream.readline().strip()) != b"":
        name, value = line.decode().split(": ", 1)
        head[name] = value
    return stream.read(int(head["Content-Length"]))


def test_a_program_without_a_sign_in_sees_picture_after_picture(links):
    with open_address(links["streamUrl"]) as stream:
        pictures = {read_picture(stream) for _ in range(10)}
    assert len(pictures) > 1
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)


def test_imagej_opens_the_frame_by_its_line(links):
    [seen] = read_with_imagej([links["imagej"]])
    assert seen.bits == 24 and seen.values.shape == (3, 240, 320)
    assert seen.values.max() > seen.values.min()


@pytest.mark.parametrize("way", ["link", "token"])
def test_a_stream_ends_soon_after_its_user_may_watch_no_more(server, links, token, way):
    live = server.address("/api/v1/camera/live")
    with open_address(links["streamUrl"]) if way == "link" else open_address(live, token) as stream:
        read_picture(stream)
        try:
            assert server.run_beside("shell", "-c", DEACTIVATE.format("admin", False)).returncode == 0
            until_s = time.monotonic() + 120
            while stream.read(65536):
                assert time.monotonic() < until_s, "the stream goes on"
            with pytest.raises(urllib.error.HTTPError, match="404"):
                open_address(links["frameUrl"])
        finally:
            assert server.run_beside("shell", "-c", DEACTIVATE.format("admin", True)).returncode == 0


def test_the_log_names_no_token(server, links):
    secret = links["streamUrl"].split("/live/")[1].split("/")[0]
    image_secret = "4-2.1vO2bD.kOJx5GKrQkq4gSS-vwDcUl7v0oZkKHyE6pR"
    wrong = (f"/live/{secret}", f"/live/{secret}/live.avi", f"/live/{secret}x/live.jpg", f"/f/{image_secret}/a.tif")
    for path in wrong:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            open_address(server.address(path))
    log = server.log()
    assert "/live/…/live.jpg\n" in log and "/f/…/a.tif\n" in log
    assert secret.split(".")[1] not in log and image_secret not in log
