"""The object store as whoever runs the program meets it: none, one that is set, away, or not to be relied on."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from images.store.bucket import Bucket
from images.store.client import Store
from images.store.errors import StoreUnreachable
from images.store.findings import ProbeResult
from images.store.patience import Patience
from images.store.watch import StoreWatch, register_store_watch, the_store_watch
from images.tests.store.lying_store import lying_store
from microscope.status.groups.store import read_store
from microscope.status.line import FINE, UNKNOWN, WARN
from microscope.status.read import list_checks
from microscope.status.running import Running
from microscope.tests.server_process import ColdStart
from microscope.tests.starting import assert_one_sentence, run_command

ROOT = Path(__file__).resolve().parents[2]
SECRET = "secret-of-the-store"
HERE, OUTSIDE = Running(is_here=True), Running(is_here=False)


@pytest.fixture
def liar():
    with lying_store() as liar:
        yield liar


@pytest.fixture
def watch(liar):
    """A store is set in this process. Nobody has tried it out yet."""
    before = the_store_watch()
    watch = StoreWatch(Store(Bucket("pictures", "access", SECRET, liar.endpoint), Patience(answer_s=60, call_s=60)))
    register_store_watch(watch)
    yield watch
    register_store_watch(before)


def probe_store() -> tuple[str, int | str]:
    """Return what the command prints, and its exit code or its sentence."""
    out = io.StringIO()
    try:
        call_command("probe-store", stdout=out)
    except SystemExit as ended:
        return out.getvalue(), ended.code
    except CommandError as problem:
        return out.getvalue(), str(problem)
    return out.getvalue(), 0


# A PC alone


class ImportingServer(ColdStart):
    """Prints each module that it imports."""

    program = ("-X", "importtime", "manage.py", "serve")


@pytest.mark.long
@pytest.mark.parametrize("is_set", [False, True])
def test_a_pc_alone_never_imports_what_speaks_to_stores(tmp_path, liar, is_set):
    of_store = {"S3_ENDPOINT": liar.endpoint, "S3_BUCKET": "pictures", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": SECRET}
    server = ImportingServer(tmp_path, DATABASE_URL="", **(of_store if is_set else {}))
    try:
        server.wait_until_ready()
        if is_set:
            assert liar.has_come.wait(120)
        imported = set(re.findall(r"^import time:.*\| +([\w.]+)$", server.log(), re.MULTILINE))
        assert "images.store.client" in imported and "camera.service" in imported
        assert ("botocore" in imported, "boto3" in imported) == (is_set, is_set)
        assert SECRET not in server.log()
    finally:
        server.kill()


def test_a_pc_alone_has_no_line_and_no_thread_for_a_store():
    assert the_store_watch() is None
    assert read_store(HERE) == [] and read_store(OUTSIDE) == []
    assert "set S3_BUCKET" in probe_store()[1]


def test_without_the_package_a_store_that_is_set_is_refused_with_the_command(tmp_path):
    without = "import sys; sys.modules['boto3'] = None; sys.argv = ['manage.py', 'check']; import manage; manage.main()"
    environment = {**os.environ, "DATA_PATH": str(tmp_path), "DATABASE_URL": "", "S3_BUCKET": "pictures"}
    environment |= {"S3_ACCESS_KEY": "access", "S3_SECRET_KEY": SECRET}
    result = subprocess.run(
        [sys.executable, "-c", without], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert_one_sentence(result, "pip install -r requirements-s3.txt")
    assert SECRET not in result.stderr


def test_a_store_that_is_set_whole_is_taken(tmp_path):
    of_store = {"S3_BUCKET": "pictures", "S3_ACCESS_KEY": "access", "S3_SECRET_KEY": SECRET, "S3_LOCK_DAYS": "30"}
    result = run_command("check", DATA_PATH=str(tmp_path), DATABASE_URL="", **of_store)
    assert result.returncode == 0, result.stderr


# The status


def test_the_line_stands_among_the_pictures(watch):
    assert "Store" in [name for name, _ in list_checks(HERE)["Pictures"]]


def test_the_server_tells_the_last_probe_and_asks_nobody(watch, liar):
    assert [line.level for line in read_store(HERE)] == [UNKNOWN]
    good = {"checks": ("MD5",), "refuses_to_overwrite": True, "gives_back": True, "tells_facts": True}
    watch.note(ProbeResult(timezone.now(), 0.4, **good))
    (line,) = read_store(HERE)
    assert (line.level, line.state) == (FINE, "Reliable")
    watch.note(ProbeResult(timezone.now(), 0.4, **{**good, "refuses_to_overwrite": False}))
    (line,) = read_store(HERE)
    assert (line.level, line.state) == (WARN, "Not reliable") and "overwrites" in line.now and line.todo
    watch.note(ProbeResult(timezone.now(), 9.0, StoreUnreachable("The store does not answer.")))
    (line,) = read_store(HERE)
    assert (line.level, line.now) == (WARN, "The store does not answer.") and "S3_ENDPOINT" in line.todo
    assert "pictures" in line.names and "pictures" not in line.now + line.todo
    assert liar.seen == []


def test_another_process_looks_at_the_bucket_and_changes_nothing(watch, liar):
    (line,) = read_store(OUTSIDE)
    assert line.level == FINE and "probe-store" in line.now
    assert liar.seen == ["HEAD "]
    liar.fail("HEAD", 403, "")
    (line,) = read_store(OUTSIDE)
    assert line.level == WARN and "S3_SECRET_KEY" in line.todo


# The command


def test_the_command_says_that_a_store_can_be_relied_on(watch, liar):
    printed, code = probe_store()
    assert code == 0 and printed.startswith(f"Bucket pictures at {liar.endpoint}\n")
    assert "ok   It refuses to overwrite." in printed and "can be relied on" in printed
    assert SECRET not in printed


def test_the_command_says_what_is_wrong_with_a_store(watch, liar):
    liar.lie = lambda handler: handler.command == "PUT" and handler.store.objects.pop(handler.key, None) and False
    printed, code = probe_store()
    assert code == 2 and "!    It overwrites, although it is asked not to." in printed


def test_the_command_says_why_a_store_cannot_be_tried_out(watch, liar):
    liar.fail("PUT", 403, "QuotaExceeded")
    assert probe_store()[1] == (
        "The store is full, or the quota is reached. Make room in the store, or raise the quota of the bucket."
    )


def test_a_secret_never_shows_in_what_python_prints(watch):
    shown = repr([watch.store.bucket, watch.store, watch, vars(watch.store.connection)])
    assert "pictures" in shown and SECRET not in shown and "access'" not in shown
