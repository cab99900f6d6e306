"""Makes MP4 with the program ffmpeg, if it is installed. It is a separate program, and no part of this one."""

import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO

from images.jobs.export.errors import MovieFailed, MovieUnavailable
from images.jobs.export.movies.movie import DEADLINE_S, Movie, raising_movie_errors, require_in_time, taking_turns

MAX_SIDE_PX = 1920
# So long ffmpeg may take to write the rest after the last frame.
END_S = 60


def find_ffmpeg(said: str) -> str:
    """Return the path of the program: `said` (FFMPEG_PATH) if it is set, else that on the PATH. Raises
    MovieUnavailable."""
    found = shutil.which(said or "ffmpeg")
    if found is None:
        where = f"FFMPEG_PATH names {said}, which is no program" if said else "The program ffmpeg is not installed"
        raise MovieUnavailable(f"{where}, so no MP4 can be made. Ask a manager to install it, or export WebP.")
    return found


def make_mp4(movie: Movie, ffmpeg: str) -> BinaryIO:
    """Return an MP4 as a temporary file. The caller closes it. Blocks until all frames are made.

    Raises MovieFailed, ExportBusy or StorageUnavailable.
    """
    with taking_turns(), raising_movie_errors(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "movie.mp4"
        # Into a file: a pipe that nobody reads would be full after some messages, and ffmpeg would wait for ever.
        with (Path(folder) / "said.txt").open("w+b") as said:
            is_done = _run(movie, ffmpeg, path, said)
            said.seek(0)
            words = said.read(2000).decode("utf-8", "replace").strip()
        if not is_done or not path.exists():
            raise MovieFailed(f"ffmpeg made no movie. Its message: {words or 'none'}")
        return _take_over(path)


def _take_over(path: Path) -> BinaryIO:
    """Return a copy that outlives its folder: Windows deletes no file that is open."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    try:
        with path.open("rb") as made:
            shutil.copyfileobj(made, file)
    except BaseException:
        file.close()
        raise
    return file


def _run(movie: Movie, ffmpeg: str, path: Path, said: BinaryIO) -> bool:
    """Give all frames to ffmpeg. Returns True if it reports success."""
    until_s = time.monotonic() + DEADLINE_S
    process = subprocess.Popen(
        [ffmpeg, *_arguments(movie), str(path)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
    )
    # If ffmpeg reads no more, the write into its pipe would block for ever. So a watchdog ends it.
    watchdog = threading.Timer(DEADLINE_S + END_S, process.kill)
    watchdog.start()
    try:
        _feed(process, movie, until_s)
        return process.wait() == 0
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def _feed(process: subprocess.Popen[bytes], movie: Movie, until_s: float) -> None:
    pipe = process.stdin
    assert pipe is not None
    try:
        with pipe:
            for frame in movie.draw():
                pipe.write(frame.tobytes())
                require_in_time(until_s)
    except (BrokenPipeError, ConnectionError):
        # It ended early. Its message says why.
        return


def _arguments(movie: Movie) -> list[str]:
    size = "x".join(map(str, movie.size))
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(movie.frames_per_s), "-i", "pipe:0"]
    # Players know this kind of pixels only. The index comes first, so that a movie begins before it is loaded whole.
    made = ["-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    return ["-hide_banner", "-loglevel", "error", "-y", *given, *made]
