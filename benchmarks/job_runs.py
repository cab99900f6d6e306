"""Measure jobs that run: how late they take their pictures, how soon they go on among many images, how true the
estimate is, how much memory they use, and what their pages cost. Each part has a library of its own, which is thrown
away. Pages of equal length are compared.

    python -m benchmarks.job_runs [lateness resume memory pages] [--slots 20000]
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LATENESS_ROUNDS = 60
MAX_LATE_S = 0.030
MAX_ESTIMATE_ERROR = 0.05
RESUME_IMAGES = 100_000
MAX_RESUME_S = 0.1
# What lists, caches and pools grow to is there by then; what comes after it grows without end.
FIRST_SHARE = 0.2
MAX_GROWTH_MB = 10
FEW_JOBS, MANY_JOBS = 50, 1000
FEW_SLOTS, MANY_SLOTS = 1000, 1_000_000
MAX_TIMES = 1.2
PAGE_ROUNDS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--slots", type=int, default=20_000, help="of the job whose memory is measured")
    options = parser.parse_args()
    outcomes = [_run_part(part, options.slots) for part in options.parts or PARTS]
    sys.exit(0 if all(outcomes) else 1)


def _run_part(part: str, slots: int) -> bool:
    """In a process of its own: each part has its own library, and the memory of one says nothing of another."""
    process = multiprocessing.get_context("spawn").Process(target=_run_here, args=(part, slots))
    process.start()
    process.join()
    return process.exitcode == 0


def _run_here(part: str, slots: int) -> None:
    with tempfile.TemporaryDirectory(prefix="microscope-benchmark-", ignore_cleanup_errors=True) as folder:
        set_up(folder)
        is_fine = PARTS[part](slots)
    sys.stdout.flush()
    # Threads of the camera may still run.
    os._exit(0 if is_fine else 1)


def set_up(folder: str) -> None:
    os.environ |= {
        "DATA_PATH": folder,
        "DATABASE_URL": "",
        "CAMERA_DRIVER": "simulated",
        "DJANGO_SETTINGS_MODULE": "microscope.settings",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _say(text: str, is_kept: bool) -> bool:
    print(f"{text}: {'kept' if is_kept else 'MISSED'}", flush=True)
    return is_kept


def report_lateness(_slots: int) -> bool:
    """A picture a second by the real clock. A picture is late by the time from its due time to its exposure."""
    from camera.registry import the_camera
    from images.jobs.queue.make import make_job
    from images.jobs.supervisor import the_supervisor
    from images.models import Image, Job

    supervisor = the_supervisor()
    supervisor.start()
    job = make_job(by=_find_owner(), name="lateness", plan={"time_plan": {"interval": 1, "loops": LATENESS_ROUNDS}})
    supervisor.wake()
    while not Job.objects.get(pk=job.pk).has_ended:
        time.sleep(0.5)
    job.refresh_from_db()
    assert job.anchor_at
    taken = dict(Image.objects.filter(job=job).values_list("job_slot", "captured_at"))
    late_s = sorted((at - job.anchor_at).total_seconds() - slot for slot, at in taken.items() if slot)
    frame_s = 1 / (the_camera().status().frame_rate_hz or 30)
    worst_s = late_s[max(int(len(late_s) * 0.99) - 1, 0)]
    supervisor.close()
    sizes = list(Image.objects.filter(job=job).values_list("file_size", flat=True))
    error = abs(job.estimate["bytesPerPicture"] * len(sizes) / sum(sizes) - 1)
    print(f"{len(taken)} of {job.expected} pictures, one a second; a frame takes {frame_s * 1000:.0f} ms")
    print(f"  late by {statistics.median(late_s) * 1000:.0f} ms (median), {worst_s * 1000:.0f} ms (99 %)")
    return all(
        [
            _say(f"  99 % within a frame and {MAX_LATE_S * 1000:.0f} ms", worst_s <= frame_s + MAX_LATE_S),
            _say(f"  bytes estimated within {error:.1%}", error <= MAX_ESTIMATE_ERROR),
        ]
    )


def report_resume(_slots: int) -> bool:
    """A job of 100,000 pictures was killed. Until the next start knows which slot comes next."""
    from benchmarks.library_rows import JOB_IMAGES, PEOPLE, insert_rows, make_rows
    from images.archive.job_file import append_entries, job_file_of
    from images.index.jobs import describe_change, describe_header
    from images.jobs.plan import parse_plan
    from images.jobs.running.runner import Runner
    from images.library import the_library
    from images.models import Job
    from images.run_days import Clock

    owner = _find_owner()
    plan = parse_plan({"time_plan": {"interval": 60, "loops": 2 * RESUME_IMAGES}})
    began_at = datetime.now(UTC) - timedelta(minutes=RESUME_IMAGES)
    job = Job.objects.create(
        name="resume", user=owner, plan=plan.as_json(), plan_sha256=plan.sha256, expected=plan.expected,
        state=Job.State.RUNNING, anchor_at=began_at, seat={"exposureMs": 5.0, "gainDb": 0.0},
        estimate={"bytesPerPicture": 800_000}, stored=RESUME_IMAGES,
    )  # fmt: skip
    archive = the_library().archive
    entries = [describe_header(job), describe_change(began_at, {"state": "running", "anchor_at": began_at})]
    archive.check()
    archive.make_day_folder(began_at)
    append_entries(archive, job_file_of(began_at, job.lasting_id), entries)
    rows = make_rows(RESUME_IMAGES, [owner.pk] * PEOPLE, [job.pk] * (RESUME_IMAGES // JOB_IMAGES + 1))
    insert_rows({**row, "job_id": job.pk, "job_slot": number} for number, row in enumerate(rows))
    began_s = time.perf_counter()
    runner = Runner(archive, Job.objects.select_related("user").get(pk=job.pk), Clock(), is_resumed=True)
    took_s = time.perf_counter() - began_s
    assert runner._ledger.next_slot == RESUME_IMAGES
    return _say(
        f"A job of {RESUME_IMAGES:,} pictures knows after {took_s * 1000:.0f} ms where to go on", took_s <= MAX_RESUME_S
    )


def report_memory(slots: int) -> bool:
    """Small pictures, and a clock that passes the time: only what a slot leaves behind counts."""
    from camera.registry import the_instrument
    from images.jobs.queue.make import make_job
    from images.jobs.supervisor import Supervisor
    from images.library import the_library
    from images.tests.clocks import SetClock
    from images.tests.frames import make_frame, make_taken
    from images.tests.jobs import Beside

    instrument, clock = the_instrument(), SetClock()
    frame = make_frame()
    folder = Path(os.environ["DATA_PATH"])
    instrument.camera = Beside(instrument.camera)
    # Each of a moment of its own: pictures of one millisecond look for a free name.
    instrument.camera.take = lambda *_, **_named: make_taken(replace(frame, captured_at=clock.now()))
    # The test pictures before the job are as small: else it needs more room than most disks have.
    instrument.camera.capture = lambda *_: frame
    job = make_job(by=_find_owner(), name="memory", clock=clock, plan={"time_plan": {"interval": 1, "loops": slots}})
    supervisor = Supervisor(the_library().archive, folder, clock)
    first_mb, began_s = 0.0, time.monotonic()
    while (seconds := supervisor.step()) >= 0:
        clock.run(timedelta(seconds=seconds))
        runner = supervisor._runner
        if runner is None and first_mb:
            break
        if runner and not first_mb and runner._ledger.next_slot >= slots * FIRST_SHARE:
            first_mb = _memory_mb()
    job.refresh_from_db()
    last_mb = _memory_mb()
    supervisor.close()
    took_s = time.monotonic() - began_s
    print(f"{job.stored:,} pictures of {job.expected:,} in {took_s:.0f} s, {took_s / job.expected * 1000:.1f} ms each")
    text = f"  {first_mb:.1f} MB after {FIRST_SHARE:.0%} of them, {last_mb:.1f} MB at the end"
    return _say(text, last_mb - first_mb <= MAX_GROWTH_MB and job.stored == job.expected)


def report_pages(_slots: int) -> bool:
    """The list of few and of many jobs, and the page of a short job and of one of a million slots."""
    from django.test import Client

    from images.jobs.plan import parse_plan
    from images.models import Job, JobGap

    owner = _find_owner()
    client = Client(SERVER_NAME="localhost")
    client.force_login(owner)

    def add_job(slots: int, **fields: Any) -> Job:
        plan = parse_plan({"time_plan": {"interval": 10, "loops": slots}})
        return Job.objects.create(
            name="series", user=owner, plan=plan.as_json(), plan_sha256=plan.sha256, expected=slots,
            state=Job.State.FINISHED, anchor_at=datetime(2025, 1, 1, tzinfo=UTC), **fields,
        )  # fmt: skip

    def add_gaps(job: Job, count: int) -> None:
        each = job.expected // count
        at = {"since": job.anchor_at, "until": job.anchor_at, "reason": "Camera lost"}
        JobGap.objects.bulk_create(
            JobGap(job=job, first_slot=number * each, last_slot=number * each + each - 1, **at)
            for number in range(count)
        )

    short, long = add_job(FEW_SLOTS, missed=FEW_SLOTS), add_job(MANY_SLOTS, missed=MANY_SLOTS)
    add_gaps(short, 5)
    add_gaps(long, 5)
    outcomes = []
    for name, address in (
        ("page", "/jobs/{}/"),
        ("API", "/api/v1/jobs/{}"),
        ("slots", "/api/v1/jobs/{}/slots?from=0&to=99"),
    ):
        few_ms, many_ms = (_time_ms(client, address.format(job.pk)) for job in (short, long))
        outcomes.append(_say_times(f"a job of {FEW_SLOTS} and of {MANY_SLOTS:,} slots, {name}", few_ms, many_ms))
    for _number in range(FEW_JOBS - 2):
        add_job(10, stored=10)
    # The same number of rows is shown, so only what the others cost counts.
    lists = (("page", "/jobs/?text=series"), ("API", f"/api/v1/jobs?limit={FEW_JOBS}"))
    few = {name: _time_ms(client, address) for name, address in lists}
    shown = client.get(lists[0][1]).content.count(b'class="job-link"')
    for _number in range(MANY_JOBS - FEW_JOBS):
        add_job(10, stored=10)
    for name, address in lists:
        many_ms = _time_ms(client, address)
        rows = client.get(address).content.count(b'class="job-link"')
        note = f", {shown} and {rows} rows shown" if name == "page" else ""
        outcomes.append(_say_times(f"a list of {FEW_JOBS} and of {MANY_JOBS:,} jobs, {name}{note}", few[name], many_ms))
    return all(outcomes)


def _say_times(text: str, few_ms: float, many_ms: float) -> bool:
    return _say(
        f"{text}: {few_ms:.1f} and {many_ms:.1f} ms, {many_ms / few_ms:.2f} times", many_ms <= MAX_TIMES * few_ms
    )


def _time_ms(client: Any, address: str) -> float:
    times = []
    for _ in range(PAGE_ROUNDS):
        began_s = time.perf_counter()
        answer = client.get(address)
        times.append((time.perf_counter() - began_s) * 1000)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return statistics.median(times)


def _memory_mb() -> float:
    """Resident now, not at the peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return pages * resource.getpagesize() / 1e6


def _find_owner() -> Any:
    from benchmarks.library_rows import find_owner

    return find_owner()


PARTS: dict[str, Callable[[int], bool]] = {
    "lateness": report_lateness,
    "resume": report_resume,
    "memory": report_memory,
    "pages": report_pages,
}

if __name__ == "__main__":
    main()
