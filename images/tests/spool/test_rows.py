"""What waits is found by its own indexes, and only a burst that runs holds it up."""

import pytest

from images.jobs.plan.templates import Kind
from images.models import Image, Job
from images.spool.rows import find_next, is_burst_running, unverified, waiting_ids
from images.tests.frames import TAKEN_AT
from images.tests.spool.conftest import among_many_stored


@pytest.mark.parametrize(
    ("query", "index"),
    [(lambda: waiting_ids()[:1], "images_not_stored"), (lambda: unverified()[:1], "images_to_verify")],
)
def test_the_next_is_found_by_an_index_of_those_that_wait(db, query, index):
    """So a million images that are in the store cost nothing."""
    with among_many_stored():
        assert index in query().explain()


def test_only_a_burst_that_runs_needs_the_whole_disk(operator):
    job = Job.objects.create(name="fast", user=operator, kind=Kind.BURST, plan={}, state=Job.State.QUEUED)
    assert not is_burst_running()
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    assert is_burst_running()
    Job.objects.filter(pk=job.pk).update(kind="series")
    assert not is_burst_running()


@pytest.mark.parametrize("others", [0, 100_000])
def test_the_next_are_found_beside_however_many_that_are_left_out(images, others):
    Image.objects.filter(pk=images[1].pk).update(wanted_at=TAKEN_AT)
    left_out = {images[5].pk, images[4].pk, *range(10**9, 10**9 + others)}
    found = [image.pk for image in find_next(left_out, 3)]
    assert found == [images[number].pk for number in (1, 3, 2)]
