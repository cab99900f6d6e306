"""What waits is found by its own indexes, and only a burst that runs holds it up."""

import pytest

from images.jobs.plan.templates import Kind
from images.models import Job
from images.spool.rows import is_burst_running, unverified, waiting_ids
from images.tests.spool.conftest import without_plain_scans


@pytest.mark.parametrize(
    ("query", "index"),
    [(lambda: waiting_ids()[:1], "images_not_stored"), (lambda: unverified()[:1], "images_to_verify")],
)
def test_the_next_is_found_by_an_index_of_those_that_wait(db, query, index):
    """So a million images that are in the store cost nothing."""
    with without_plain_scans():
        assert index in query().explain()


def test_only_a_burst_that_runs_needs_the_whole_disk(operator):
    job = Job.objects.create(name="fast", user=operator, kind=Kind.BURST, plan={}, state=Job.State.QUEUED)
    assert not is_burst_running()
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    assert is_burst_running()
    Job.objects.filter(pk=job.pk).update(kind="series")
    assert not is_burst_running()
