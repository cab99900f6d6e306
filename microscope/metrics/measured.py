"""The numbers that are read when Prometheus asks: from memory, from small files, and by a few queries of constant
time."""

import logging
import platform
from collections.abc import Callable, Iterator

from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from camera.registry import the_camera
from images.backup.state import Outcome, read_state
from images.errors import DATABASE_AWAY, LibraryError, StorageUnavailable
from images.jobs.supervisor import the_supervisor
from images.jobs.under_way import find_job_under_way
from images.library import the_library
from images.models import Verification
from images.run_days import the_run_days
from microscope.health import find_backup_trouble, time_database
from microscope.http.server import the_server

logger = logging.getLogger(__name__)

STATES = ("closed", "opening", "ready", "streaming", "fault", "reopening")


def gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"microscope_{name}", about, value=value)


def counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"microscope_{name}", about, value=value)


class Measured(Collector):
    """Reads the numbers. A number that cannot be read is left out: no number is invented."""

    def describe(self) -> list[Metric]:
        """Return nothing. Prometheus' library asks this when the class is registered, and then nothing must be read
        yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        for read in (read_program, read_camera, read_disk, read_database, read_jobs, read_safety):
            yield from _read(read)


def _read(read: Callable[[], Iterator[Metric]]) -> list[Metric]:
    try:
        return list(read())
    except DATABASE_AWAY:
        return []
    except Exception:
        # The boundary of a group of numbers: one that fails must not hide the others.
        logger.exception("Some metrics could not be read")
        return []


def read_program() -> Iterator[Metric]:
    said = {"version": settings.VERSION, "python": platform.python_version()}
    yield InfoMetricFamily("microscope_build", "Which version runs.", value=said)
    server = the_server()
    if server is not None:
        yield gauge("server_threads", "Threads that answer requests.", settings.SERVER_THREADS)
        yield gauge("server_threads_busy", "Those that answer one now. A watcher keeps one.", server.busy_threads)
        yield gauge("server_requests_waiting", "Complete requests that wait for a thread.", server.requests.qsize)


def read_camera() -> Iterator[Metric]:
    if the_camera().is_absent:
        return
    status = the_camera().status()
    is_connected = status.state in ("ready", "streaming")
    yield gauge("camera_connected", "1 if the camera is open and answers.", is_connected)
    yield gauge("camera_simulated", "1 if the program draws the pictures itself.", status.is_simulated)
    states = GaugeMetricFamily("microscope_camera_state", "1 for the state of the camera.", labels=["state"])
    for state in STATES:
        states.add_metric([state], float(state == status.state))
    yield states
    warnings = GaugeMetricFamily("microscope_camera_warning", "1 for each warning of the camera.", labels=["code"])
    for warning in status.warnings:
        warnings.add_metric([warning.code], 1.0)
    yield warnings
    if status.frame_rate_hz is not None:
        yield gauge("camera_frame_rate_hertz", "Frames a second of the stream.", status.frame_rate_hz)
    if status.sensor_temperature_c is not None:
        yield gauge("camera_sensor_temperature_celsius", "Of the newest frame.", status.sensor_temperature_c)
    yield gauge("watchers", "Who watches the live picture.", status.watchers)
    yield gauge("watchers_limit", "How many can watch at the same time.", settings.LIVE_MAX_WATCHERS)


def read_disk() -> Iterator[Metric]:
    archive = the_library().archive
    if archive.is_new:
        return
    times = archive.write_times
    yield counter("originals_written", "Originals that were forced to disk since the start.", times.originals)
    yield counter("originals_written_bytes", "Their bytes.", times.size_bytes)
    yield counter("originals_disk_seconds", "How long the disk took for them.", times.seconds)
    yield gauge("storage_up", "1 if pictures can be kept now.", _can_keep())
    try:
        free_bytes, reserve_bytes = archive.space()
    except StorageUnavailable:
        return
    yield gauge("disk_free_bytes", "Free space where the images are.", free_bytes)
    yield gauge("disk_reserve_bytes", "With less free space, captures are refused.", reserve_bytes)


def read_database() -> Iterator[Metric]:
    waiting = the_library().backfiller.pending_count
    yield gauge("images_waiting_for_database", "Originals on disk whose rows are still to come.", waiting)
    try:
        answer_s = time_database()
    except DATABASE_AWAY:
        yield gauge("database_up", "1 if the database answers.", 0)
        return
    yield gauge("database_up", "1 if the database answers.", 1)
    yield gauge("database_answer_seconds", "How long it took to answer.", answer_s)


def read_jobs() -> Iterator[Metric]:
    sign, job = the_supervisor().heartbeat.sign, find_job_under_way()
    yield gauge("jobs_waiting", "Jobs that have not begun.", sign.waiting if sign else 0)
    yield gauge(
        "job_running", "1 if a job is running; 0 also while it is paused.", bool(job and job.state == "running")
    )
    if job is not None:
        yield gauge("job_pictures_expected", "Of the job that has begun.", job.expected)
        yield gauge("job_pictures_stored", "Of the job that has begun.", job.stored)
        yield gauge("job_pictures_missed", "Of the job that has begun.", job.missed)
        yield gauge("job_next_picture_timestamp_seconds", "When it is due.", job.awaited_since.timestamp())


def read_safety() -> Iterator[Metric]:
    yield gauge("clock_in_doubt", "1 if the clock of this PC may be wrong.", the_run_days().doubt is not None)
    yield gauge("backup_trouble", "1 if the backups need somebody.", find_backup_trouble() is not None)
    state = read_state(settings.DATA_PATH)
    yield from _ended("backup_finished", "When the last backup was finished.", state.last_finished_backup)
    yield from _ended("drill_passed", "When a backup was last tried out and was whole.", state.last_good_drill)
    finished = Verification.objects.of_this_pc().filter(state=Verification.State.FINISHED).first()
    if finished is not None and finished.finished_at is not None:
        at_s = finished.finished_at.timestamp()
        yield gauge("verification_finished_timestamp_seconds", "When all originals had been read again.", at_s)
        yield gauge("verification_findings", "What it found.", finished.finding_count)


def _ended(name: str, about: str, outcome: Outcome | None) -> Iterator[Metric]:
    if outcome is not None:
        yield gauge(f"{name}_timestamp_seconds", about, outcome.ended.timestamp())


def _can_keep() -> bool:
    try:
        the_library().archive.check()
    except LibraryError:
        return False
    return True
