"""What lies in the store and is not as it should be: it is named, nothing wrong is listed, and the rest comes back."""

import hashlib
from uuid import UUID, uuid4

import pytest

from images.edit.edit import edit_image
from images.models import Image, Job
from images.store.keys import key_of_change, key_of_job
from images.tests.from_store.conftest import REPORTED, lose_rows, run, use
from images.tests.jobs import time_lapse
from images.tests.spool.conftest import INSTRUMENT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]


@pytest.fixture
def stored(lying, images):
    """All originals are in the little store, and there are no rows."""
    use(lying)
    lying.go_on(most=100)
    lose_rows()
    return lying


def keys_of(liar) -> list[str]:
    return sorted(key for key in liar.objects if key.startswith("originals/"))


def put(liar, key: str, content: bytes) -> None:
    liar.objects[key], liar.metadata[key] = content, hashlib.sha256(content).hexdigest()


def test_other_bytes_than_were_put_are_named_and_not_listed(stored, liar):
    key = keys_of(liar)[2]
    liar.objects[key] = liar.objects[key][:-20] + bytes([liar.objects[key][-20] ^ 1]) + liar.objects[key][-19:]
    code, printed = run()
    assert code == REPORTED and f"Not listed: {key}: The store has other bytes than were put there." in printed
    assert Image.objects.count() == 5 and not Image.objects.filter(store_key=key).exists()


def test_an_object_without_a_sum_is_listed_and_is_not_called_verified(stored, liar):
    key = keys_of(liar)[2]
    del liar.metadata[key]
    assert run()[0] == 0
    image = Image.objects.get(store_key=key)
    assert (image.verified_at, image.sha256) == (None, hashlib.sha256(liar.objects[key]).hexdigest())
    assert Image.objects.filter(verified_at__isnull=False).count() == 5


def test_foreign_objects_are_named_and_the_rest_comes_back(stored, liar, images):
    [right] = [key for key in keys_of(liar) if str(images[0].record_id) in key]
    folder, name = right.rpartition("/")[0], right.rpartition("/")[2]
    other_record = f"originals/{INSTRUMENT}/{right.split('/')[2]}/{uuid4()}/{name}"
    foreign = {
        "originals/holiday.jpg": b"\xff\xd8\xff\xd9",
        f"originals/{INSTRUMENT}/2025-01-16/{uuid4()}/notes.txt": b"buy milk",
        f"originals/{INSTRUMENT}/2025-01-16/{uuid4()}/capture_20250116_000000_001.jpg": b"no picture",
        f"originals/{INSTRUMENT}/2020-01-01/{uuid4()}/capture_20250116_000000_001.jpg": liar.objects[right],
        f"originals/not-an-id/2025-01-16/{uuid4()}/capture_20250116_000000_001.jpg": liar.objects[right],
        f"{folder}/capture_20250116_235959_009.jpg": liar.objects[right],
        f"originals/{INSTRUMENT}/{right.split('/')[2]}/{UUID(int=0)}/{name}": liar.objects[right],
        f"originals/{INSTRUMENT}/{right.split('/')[2]}/{UUID(int=1)}/{name}": b"no picture",
        other_record: liar.objects[right],
        "changes/of-nobody.json": b"{}",
        "jobs/plan.txt": b"",
    }
    for key, content in foreign.items():
        put(liar, key, content)
    before = dict(liar.objects)
    code, printed = run()
    assert code == REPORTED
    for key in foreign.keys() - {f"{folder}/capture_20250116_235959_009.jpg"}:
        assert f"Not listed: {key}" in printed
    assert printed.count("is a copy of") == 1
    assert Image.objects.count() == 6 and "11 objects not listed" in printed
    assert liar.objects == before


def test_what_the_store_lists_and_does_not_give_is_named(stored, liar):
    key = keys_of(liar)[3]
    liar.lie = lambda handler: handler.command == "GET" and handler.key == key and handler.refuse(404, "NoSuchKey")
    code, printed = run()
    assert (code, Image.objects.count()) == (REPORTED, 5) and f"Not listed: {key}" in printed


@pytest.mark.parametrize("content", [b"not json", b'{"schema": "another"}', None])
def test_of_a_change_that_is_damaged_the_one_before_counts(lying, liar, images, operator, content):
    use(lying)
    lying.go_on(most=100)
    edit_image(images[0].pk, operator, note="second")
    lying.go_on(most=100)
    key = key_of_change(images[0].record_id, 2)
    if content is None:
        liar.objects[key] += b" "  # other bytes than its sum says
    else:
        put(liar, key, content)
    lose_rows()
    code, printed = run()
    assert code == REPORTED and f"Not listed: {key}" in printed
    image = Image.objects.get(record_id=images[0].record_id)
    assert (image.note, image.revision) == ("seen", 1)


def test_a_change_of_an_image_that_is_not_there_says_nothing(stored, liar):
    put(liar, key_of_change(uuid4(), 1), b"{}")
    assert run()[0] == 0 and Image.objects.count() == 6


# The files of jobs


@pytest.fixture
def in_parts(lying, liar, bench, operator) -> Job:
    """A job whose file came into the store in three parts."""
    job = bench.make(operator, time_lapse(4), "Wound 3")
    bench.run_for(minutes=20)
    use(lying)
    lying.go_on(most=100)
    lines = liar.objects.pop(key_of_job(job.lasting_id, 0)).splitlines(keepends=True)
    assert len(lines) >= 3
    for number, content in enumerate((lines[0], b"".join(lines[1:-1]), lines[-1])):
        put(liar, key_of_job(job.lasting_id, number), content)
    lose_rows()
    return job


def test_parts_are_put_together(in_parts):
    assert run()[0] == 0
    job = Job.objects.get(lasting_id=in_parts.lasting_id)
    assert (job.state, job.stored, job.expected, job.stored_parts, job.is_file_stored) == ("finished", 4, 4, 3, True)


def test_a_part_in_the_middle_is_missing_and_the_others_count(liar, in_parts):
    del liar.objects[key_of_job(in_parts.lasting_id, 1)]
    code, printed = run()
    assert code == REPORTED and f"Of the file of job {in_parts.lasting_id} these parts are missing: 1." in printed
    job = Job.objects.get(lasting_id=in_parts.lasting_id)
    assert (job.name, job.expected, job.stored, job.stored_parts) == ("Wound 3", 4, 4, 3)


@pytest.mark.parametrize("spoil", ["gone", "other bytes"])
def test_without_its_first_part_a_job_is_made_from_its_pictures(liar, in_parts, spoil):
    key = key_of_job(in_parts.lasting_id, 0)
    if spoil == "gone":
        del liar.objects[key]
    else:
        liar.objects[key] = b"{" + liar.objects[key][1:-2] + b" \n"
    code, printed = run()
    assert code == REPORTED and "Its job is made again from its pictures" in printed
    job = Job.objects.get(lasting_id=in_parts.lasting_id)
    assert (job.name, job.stored, job.plan is not None) == ("Wound 3", 4, True)
