"""Movies of whole jobs, in Pillow and ffmpeg: their frames, times and words."""

import io
import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from images.jobs.export.movies import mp4
from images.models import Job
from images.tests.job_exports import content_of, make_ended_job, path_of_slot
from images.tests.jobs import time_lapse
from images.tests.readers.programs import run

pytestmark = [pytest.mark.django_db, pytest.mark.long]
WIDTH, HEIGHT = 320, 240
SCALE = {"known": True, "umPerPixelX": 0.5, "umPerPixelY": 0.5}
GREYS = [60, 90, 120, 150]


def make_grey(slot: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), GREYS[slot], np.uint8)


@pytest.fixture
def job(archive, operator) -> Job:
    return make_ended_job(archive, operator, time_lapse(4, 600), make_grey, missed=[2], scale=SCALE)


@pytest.fixture
def ask(api, viewer):
    def send(job: Job, query: str):
        return api(viewer).get(f"/api/v1/jobs/{job.pk}/export?{query}")

    return send


def frames_of(content: bytes) -> tuple[list[np.ndarray], list[int]]:
    """All frames as RGB, and how many milliseconds each is shown."""
    with PillowImage.open(io.BytesIO(content)) as movie:
        frames, times_ms = [], []
        for number in range(movie.n_frames):
            movie.seek(number)
            frames.append(np.asarray(movie.convert("RGB")).astype(int))
            times_ms.append(movie.info["duration"])
    return frames, times_ms


def middle(frame: np.ndarray) -> np.ndarray:
    """What lies between time stamp and scale bar."""
    return frame[HEIGHT // 3 : -HEIGHT // 3]


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_each_frame_is_the_picture_and_a_missed_one_is_black_with_words(job, ask, kind):
    answer = ask(job, f"as={kind}&rate=5")
    assert answer.headers["Content-Type"] == f"image/{kind}"
    frames, times_ms = frames_of(content_of(answer))
    assert times_ms == [200] * 4
    assert frames[0].shape == (HEIGHT, WIDTH, 3)
    for slot in (0, 1, 3):
        assert abs(middle(frames[slot]) - GREYS[slot]).max() <= 3
        assert frames[slot][:30].max() > 240  # the time stamp
    assert (np.median(middle(frames[2])), middle(frames[2]).max() > 200) == (0, True)


def test_missed_pictures_are_left_out_on_request(job, ask):
    frames, _ = frames_of(content_of(ask(job, "as=gif&gaps=skip")))
    assert [round(np.median(middle(frame))) for frame in frames] == [60, 90, 150]


def test_the_scale_bar_is_there_where_the_scale_is_known_and_wanted_and_nowhere_else(job, ask, archive, operator):
    other = make_ended_job(archive, operator, time_lapse(1), make_grey, name="no scale")
    brightest = [
        frames_of(content_of(ask(one, query)))[0][0][-40:, WIDTH // 2 :].max()
        for one, query in ((job, "as=gif"), (job, "as=gif&scaleBar=false"), (other, "as=gif"))
    ]
    assert brightest[0] > 240
    assert max(brightest[1:]) < 70


def test_deep_pictures_keep_their_upper_bits(archive, operator, ask):
    job = make_ended_job(
        archive, operator, time_lapse(1), lambda slot: np.full((HEIGHT, WIDTH), 2048, np.uint16), bits=12
    )
    (frame,), _ = frames_of(content_of(ask(job, "as=webp")))
    assert abs(middle(frame) - 128).max() <= 3


@pytest.mark.parametrize("fault", ["missing", "changed"])
def test_a_missing_or_changed_original_is_a_black_frame_with_words(job, ask, archive, fault):
    answer = ask(job, "as=gif")
    path = path_of_slot(archive, job, 3)
    content = path.read_bytes()
    path.unlink()
    if fault == "changed":
        path.write_bytes(content[:-1] + b"x")
    frames, _ = frames_of(content_of(answer))
    assert abs(middle(frames[1]) - 90).max() <= 3
    assert (np.median(middle(frames[3])), middle(frames[3]).max() > 200) == (0, True)


def test_an_mp4_holds_every_frame_at_its_rate(job, ask, tmp_path):
    run("ffmpeg", "-version")
    path = tmp_path / "movie.mp4"
    answer = ask(job, "as=mp4&rate=4")
    path.write_bytes(content_of(answer))
    assert (answer.headers["Content-Type"], "Content-Length" in answer.headers) == ("video/mp4", True)
    fields = "codec_name,width,height,nb_frames,r_frame_rate,pix_fmt"
    said = json.loads(run("ffprobe", "-v", "error", "-of", "json", "-show_entries", f"stream={fields}", path))
    assert said["streams"] == [
        {
            **{"codec_name": "h264", "width": WIDTH, "height": HEIGHT, "pix_fmt": "yuv420p"},
            **{"r_frame_rate": "4/1", "nb_frames": "4"},
        }
    ]
    raw = run("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
    frames = np.frombuffer(raw, np.uint8).reshape(4, HEIGHT, WIDTH).astype(int)
    assert [
        abs(np.median(middle(frame)) - grey) <= 4 for frame, grey in zip(frames, (60, 90, 0, 150), strict=True)
    ] == [True] * 4


def make_program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    os.chmod(path, path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_ffmpeg_an_mp4_is_refused_and_the_message_says_what_to_do(job, ask, settings):
    settings.FFMPEG_PATH = "/nowhere/ffmpeg"
    answer = ask(job, "as=mp4")
    assert (answer.status_code, answer.json()["code"]) == (409, "movie_unavailable")
    assert "FFMPEG_PATH names /nowhere/ffmpeg" in answer.json()["message"]


@pytest.mark.parametrize("script", ["echo 'no such codec' >&2; exit 1", "cat > /dev/null; echo 'no such codec' >&2"])
def test_what_ffmpeg_says_when_it_makes_no_movie_is_told(job, ask, settings, tmp_path, script):
    settings.FFMPEG_PATH = make_program(tmp_path / "ffmpeg", script)
    answer = ask(job, "as=mp4")
    assert (answer.status_code, answer.json()["code"]) == (500, "movie_failed")
    assert "no such codec" in answer.json()["message"]


def test_an_ffmpeg_that_reads_nothing_is_ended_in_time(job, ask, settings, tmp_path, monkeypatch):
    settings.FFMPEG_PATH = make_program(tmp_path / "ffmpeg", "exec sleep 600")
    monkeypatch.setattr(mp4, "DEADLINE_S", 0.5)
    monkeypatch.setattr(mp4, "END_S", 0.5)
    assert ask(job, "as=mp4").json()["code"] == "movie_failed"
