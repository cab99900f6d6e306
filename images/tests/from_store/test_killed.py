"""A rebuild from the store that is killed or interrupted goes on at the next run."""

import os
import signal
import sqlite3
from datetime import timedelta

import pytest

from images.edit.edit import edit_image
from images.models import Image
from images.spool.identity import FILE
from images.tests.commands import start_command
from images.tests.frames import TAKEN_AT
from images.tests.from_store.conftest import (
    INTERRUPTED,
    evict_all,
    lose_rows,
    run,
    use,
)
from images.tests.spool.conftest import INSTRUMENT
from images.tests.test_rebuild import every_row, library, lose_the_database  # noqa: F401
from microscope.tests.migrated import fill_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]
LONG_S = 300


def count_rows(database) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=LONG_S) as connection:
        return connection.execute("SELECT count(*) FROM images").fetchone()[0]


@pytest.mark.long
def test_it_is_killed_again_and_again_and_the_last_run_has_it_all(
    real, keep_image, operator, tmp_path, bucket, monkeypatch
):
    kept = [keep_image(taken_at=TAKEN_AT + timedelta(seconds=number)) for number in range(40)]
    edit_image(kept[5].pk, operator, note="seen")
    use(real)
    real.go_on(most=200)
    for name, value in {
        "S3_ENDPOINT": bucket.endpoint,
        "S3_BUCKET": bucket.name,
        "S3_ACCESS_KEY": bucket.access_key,
        "S3_SECRET_KEY": bucket.secret_key,
        # 25 kB a second: it takes long enough to be killed in the middle.
        "S3_MAX_MBPS": "0.2",
    }.items():
        monkeypatch.setenv(name, value)
    database = tmp_path / "node" / "microscope.sqlite3"
    database.parent.mkdir()
    (database.parent / FILE).write_text(f"{INSTRUMENT}\n")
    fill_file(database)
    counts = [0]
    for _ in range(2):
        with start_command(database.parent, "rebuild", "--from-store") as killed:
            while killed.poll() is None and count_rows(database) == counts[-1]:
                pass
            killed.send_signal(signal.SIGKILL)
            assert killed.wait(LONG_S) == -signal.SIGKILL, killed.stdout.read()
        counts.append(count_rows(database))
    assert 0 < counts[1] <= counts[2] < 40, "killed in the middle"
    monkeypatch.setenv("S3_MAX_MBPS", "0")
    with start_command(database.parent, "rebuild", "--from-store") as last:
        printed = last.communicate(timeout=LONG_S)[0]
    assert last.returncode == 0, printed
    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT filename, sha256, place, note FROM images ORDER BY filename").fetchall()
    assert found == [(one.filename, one.sha256, "store", "seen" if one == kept[5] else "") for one in kept]
    assert not (database.parent / "rebuilding").exists()


def test_it_is_interrupted_and_says_so(lying, liar, images):
    evict_all(lying)
    lose_rows()

    def press_ctrl_c(handler) -> bool:
        if handler.key.startswith("originals/"):
            os.kill(os.getpid(), signal.SIGINT)
        return False

    liar.lie = press_ctrl_c
    code, printed = run()
    assert code == INTERRUPTED and "Run it again to continue" in printed
    liar.lie = lambda handler: False
    assert run()[0] == 0 and Image.objects.count() == 6
