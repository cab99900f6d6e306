"""A library that several PCs share, and the rows that they write."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone
from PIL import Image as Picture

from images.control.rows import name_of_row
from images.models import CameraControl, Instrument, Job, JobGap
from images.own_instrument import be_alone, register_own_instrument

CAMERA = {
    "model": "PL-D725CU",
    "serialNumber": "725016342",
    "host": "LAB-214",
    "state": "streaming",
    "isSimulated": False,
    "problem": "",
    "watchers": 2,
}


@pytest.fixture
def shared(settings, archive):
    settings.MICROSCOPE_ROLE = "library"


@pytest.fixture
def join(shared, db):
    """join("Upright") writes the row of an instrument that gave its sign a moment ago. `camera` changes what it says of
    its camera; `seen_s_ago` is the age of its sign."""

    def write(name="Inverted, room 214", camera=None, seen_s_ago=2.0, **fields) -> Instrument:
        seen_at = timezone.now() - timedelta(seconds=seen_s_ago)
        said = {"url": "https://lab-214.example.org/", "free_bytes": 412 * 10**9, **fields}
        return Instrument.objects.create(name=name, last_seen_at=seen_at, camera={**CAMERA, **(camera or {})}, **said)

    return write


@pytest.fixture
def own_instrument():
    """own_instrument(id) lets this process be that instrument until the test ends."""
    yield lambda instrument_id: register_own_instrument(lambda: instrument_id)
    register_own_instrument(be_alone)


@pytest.fixture
def start_job(operator):
    """start_job(instrument) writes the row of a job that the instrument carries out; two pictures are missed."""

    def write(instrument: Instrument, **fields) -> Job:
        counts = {"expected": 840, "stored": 607, "missed": 2, "state": Job.State.RUNNING, "plan": {}, **fields}
        job = Job.objects.create(
            name="Wound 3, HeLa", user=operator, instrument=instrument, anchor_at=timezone.now(), **counts
        )
        gap = {"reason": "Camera lost", "since": job.anchor_at, "until": job.anchor_at}
        JobGap.objects.create(job=job, first_slot=100, last_slot=101, **gap)
        return job

    return write


@pytest.fixture
def give_control(operator):
    def write(instrument: Instrument, **fields) -> CameraControl:
        now = timezone.now()
        held = {"holder_user": operator, "holder_name": "Grace Hopper", "label": "browser", "kind": "person", **fields}
        return CameraControl.objects.create(
            instrument=name_of_row(instrument.pk), lease_id=instrument.pk, since=now, last_used_at=now, **held
        )

    return write


def jpeg(colour: str) -> bytes:
    file = BytesIO()
    Picture.new("RGB", (64, 48), colour).save(file, "JPEG")
    return file.getvalue()
