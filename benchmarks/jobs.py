"""Measure the plans of jobs: hostile ones, the largest ones, and any slot of them.

A hostile plan may cost 50 ms and 50 MB at most. A slot costs the same at the start and at the end of a plan;
useq-schema can only list them all. The time is that of the processor, and the least of the rounds: a busy machine makes
the same work dearer, never cheaper. Trust the ratios.

Then bursts, beside the plainest writer that forces its files to disk in groups: see benchmarks/bursts.py.

    python -m benchmarks.jobs [--rounds 5] [--without-bursts]
"""

import argparse
import json
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import django
import useq
from django.core.management import call_command

from images.jobs.plan import parse_plan
from images.jobs.plan.errors import PlanRefused
from images.tests.hostile_plans import HOSTILE_PLANS, LARGE_PLANS

MAX_MS = 50
MAX_MB = 50
# Two positions, three exposures, five planes, once a minute for a month.
MONTH = {
    "time_plan": {"interval": 60, "loops": 43_200},
    "stage_positions": [{"x": 0, "y": 0, "z": 0}, {"x": 100, "y": 0, "z": 0}],
    "channels": [{"config": f"{exposure} ms", "exposure": exposure} for exposure in (5, 25, 120)],
    "z_plan": {"range": 8, "step": 2},
}
LISTED_SLOTS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-bursts", action="store_true")
    options = parser.parse_args()
    rounds = options.rounds
    costs = {name: _measure(text, rounds) for name, text in (HOSTILE_PLANS | LARGE_PLANS).items()}
    for name, (ms, mb) in costs.items():
        print(f"{name:55} {ms:7.2f} ms {mb:6.2f} MB")
    _report_slots(rounds)
    if not options.without_bursts:
        _report_bursts()
    is_dear = any(ms > MAX_MS or mb > MAX_MB for ms, mb in costs.values())
    print(f"Each plan costs at most {MAX_MS} ms and {MAX_MB} MB: {'no' if is_dear else 'yes'}.")
    sys.exit(1 if is_dear else 0)


def _report_bursts() -> None:
    """On a library of its own, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="microscope-benchmark-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"DATA_PATH": folder, "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "microscope.settings"}
        django.setup()
        call_command("migrate", verbosity=0)
        from benchmarks.bursts import report_bursts  # its models need Django to be set up

        report_bursts()


def _measure(text: str, rounds: int) -> tuple[float, float]:
    """Return the milliseconds of the processor, and the megabytes that were in use at once."""

    def read() -> None:
        with suppress(PlanRefused):
            parse_plan(text)

    ms = min(_milliseconds(read) for _ in range(rounds))
    tracemalloc.start()
    read()
    mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return ms, mb


def _report_slots(rounds: int) -> None:
    plan = parse_plan(MONTH)
    places = {"first": 0, "middle": plan.expected // 2, "last": plan.expected - 1}
    print(f"\nA plan of {plan.expected:,} slots")
    for name, number in places.items():
        turns = [_milliseconds(lambda number=number: [plan.slot(number) for _ in range(1_000)]) for _ in range(rounds)]
        print(f"  {name:7} slot {min(turns):8.2f} µs")
    events = iter(useq.MDASequence.model_validate_json(json.dumps(MONTH)))
    listing_ms = _milliseconds(lambda: [next(events) for _ in range(LISTED_SLOTS)])
    ours_ms = _milliseconds(lambda: list(plan.slots(0, LISTED_SLOTS)))
    print(f"  listing {LISTED_SLOTS:,}: {ours_ms / listing_ms:.2f} times what useq-schema takes\n")


def _milliseconds(work: Callable[[], object]) -> float:
    began_s = time.thread_time()
    work()
    return (time.thread_time() - began_s) * 1000


if __name__ == "__main__":
    main()
