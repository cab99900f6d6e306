"""A night of fourteen hours, compressed, with all that can happen in it."""

from datetime import timedelta

import pytest

from camera.errors import CameraLost, FrameInvalid
from images.jobs import reasons
from images.library import the_library
from images.models import Image, Job
from images.tests.conftest import rows_refused, wait_until
from images.tests.jobs import assert_accounted_for, camera_that_fails, gaps_of, stored_slots, time_lapse

ROUNDS = 85
TEN_MINUTES_S = 600

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]


def test_a_night_with_everything_in_it_ends_with_every_picture_accounted_for(bench, operator, archive, drivers):
    bench.stride_s = 30  # every two seconds of a night would be 25,000 looks
    job = bench.make(operator, time_lapse(ROUNDS, TEN_MINUTES_S))

    def run_to(hours: float) -> None:
        while (left_s := hours * 3600 - bench.clock.elapsed_s() + began_s) > 0:
            bench.run_for(seconds=min(left_s, 1800))

    began_s = bench.clock.elapsed_s()
    run_to(1.6)  # the tenth picture is stored
    with camera_that_fails(take=CameraLost("It was unplugged.")):
        run_to(2.1)
    run_to(3.1)
    reserve, archive._folder._reserve_bytes = archive._folder._reserve_bytes, 10**18
    run_to(3.9)
    archive._folder._reserve_bytes = reserve
    run_to(5.1)
    bench.die(minutes=35)
    run_to(6.6)
    bench.clock.jump(timedelta(hours=1))
    run_to(7.6)
    bench.clock.jump(timedelta(hours=-1))
    run_to(8.6)
    with rows_refused():
        run_to(8.7)
    wait_until(lambda: the_library().backfiller.pending_count == 0)
    drivers[-1].faults += [FrameInvalid("not believed")] * 3
    run_to(10.1)
    bench.die()
    run_to(15)

    # What is there again before the next round is due takes the last picture late, and no gap is left for it.
    ended = assert_accounted_for(job)
    assert ended.state == Job.State.FINISHED
    assert gaps_of(job) == [
        (10, 11, reasons.CAMERA_LOST),
        (19, 22, reasons.DISK_AT_ITS_RESERVE),
        (31, 33, reasons.PROGRAM_NOT_RUNNING),
    ]
    assert (ended.stored, ended.missed) == (ROUNDS - 9, 9)
    assert stored_slots(job) == [*range(10), *range(12, 19), *range(23, 31), *range(34, ROUNDS)]
    assert Image.objects.filter(job=job).count() == ended.stored
