"""An invalid value stops the start with a sentence."""

import os
import subprocess

import pytest

from microscope.tests.starting import print_setting
from microscope.tests.warm.program import run_program


def run_check(tmp_path, **values: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "DATA_PATH": str(tmp_path), **values}
    return run_program(["manage.py", "check"], environment, timeout_s=60)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "three thousand", "Invalid value PORT=three thousand: it must be a whole number from 1 to 65535."),
        ("PORT", "70000", "Invalid value PORT=70000:"),
        ("DEBUG", "perhaps", "it must be true or false"),
        ("TIME_ZONE", "Lab", "a time zone such as Europe/Berlin"),
        ("ROOT_PATH", "//x", "a path such as /microscope"),
        ("ROOT_PATH", "/images", "begins as addresses of the program itself do"),
        ("CAMERA_DRIVER", "webcam", "it must be one of auto, pixelink, simulated"),
        ("DEFAULT_EXPOSURE", "nan", "Invalid value DEFAULT_EXPOSURE=nan:"),
        ("DATABASE_URL", "mysql://user:hidden-password@host/name", "SQLite or PostgreSQL"),
        ("SERVER_THREADS", "20", "is too small for"),
        ("JOB_WEBHOOK_URL", "file:///hidden-password", "JOB_WEBHOOK_URL=(hidden): it must be an address such as"),
        ("JOB_WEBHOOK_URL", "https://", "an address such as https://lab.example/jobs"),
        ("JOB_WEBHOOK_URL", "http://lab.example/two words", "an address such as"),
        ("JOB_PING_URL", "http://[", "an address such as"),
        ("JOB_PING_URL", "https://ada:hidden-password@lab.example/", "an address without user name and password"),
        ("JOB_WEBHOOK_URL", "https://lab.example/", "JOB_WEBHOOK_URL is set, and needs JOB_WEBHOOK_SECRET, too."),
        ("JOB_WEBHOOK_SECRET", "hidden-password", "at least 32 characters long"),
        ("JOB_EMAIL_TO", "ada", "an e-mail address such as ada@lab.example"),
        ("JOB_EMAIL_TO", "ada@lab.example, bob <bob@lab.example>", "an e-mail address such as"),
        ("JOB_EMAIL_TO", "ada@lab.example", "JOB_EMAIL_TO is set, and needs EMAIL_HOST, too."),
        ("JOB_EMAIL_TO", "ada@lab.example", "JOB_EMAIL_TO is set, and needs EMAIL_FROM, too."),
        ("S3_BUCKET", "microscope", "S3_BUCKET is set, and needs S3_ACCESS_KEY, too."),
        ("S3_BUCKET", "microscope", "S3_BUCKET is set, and needs S3_SECRET_KEY, too."),
        ("S3_BUCKET", "My Bucket", "the name of a bucket, such as microscope"),
        ("S3_REGION", "eu central", "the name of a region, such as eu-central-1"),
        ("S3_ENDPOINT", "https://s3.lab.example", "S3_ENDPOINT is set, and needs S3_BUCKET, too."),
        ("S3_ENDPOINT", "s3.lab.example", "an address such as https://s3.lab.example"),
        ("S3_ENDPOINT", "https://lab.example/s3", "without user and path"),
        ("S3_ENDPOINT", "https://lab.example?x=1", "without user and path"),
        ("S3_PUBLIC_URL", "https://ada:hidden-password@lab.example", "without user and path"),
        ("S3_ACCESS_KEY", "hidden-password", "S3_ACCESS_KEY is set, and needs S3_BUCKET, too."),
        ("S3_SECRET_KEY", "hidden-password", "S3_SECRET_KEY is set, and needs S3_BUCKET, too."),
        ("S3_SECRET_KEY", "short", "S3_SECRET_KEY=(hidden)"),
        ("S3_LOCK_DAYS", "30", "S3_LOCK_DAYS is set, and needs S3_BUCKET, too."),
        ("S3_LOCK_DAYS", "-1", "a whole number from 0 to 36500"),
        ("KEEP_LOCAL_DAYS", "30", "KEEP_LOCAL_DAYS is set, and needs S3_BUCKET, too."),
        ("KEEP_LOCAL_DAYS", "0", "a whole number from 1 to 36500"),
        ("KEEP_LOCAL_DAYS", "for ever", "a whole number from 1 to 36500"),
        ("EVICT_BELOW_MB", "5000", "EVICT_BELOW_MB is set, and needs KEEP_LOCAL_DAYS, too."),
        ("EVICT_BELOW_MB", "1", "EVICT_BELOW_MB=1 is not more than MINIMUM_FREE_MB="),
        ("S3_PROXY", "perhaps", "true or false"),
        ("EMAIL_SECURITY", "ssl", "one of starttls, tls, none"),
    ],
)
def test_nonsense_stops_the_start(tmp_path, name, value, said):
    result = run_check(tmp_path, **{name: value})
    assert result.returncode != 0
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert "hidden-password" not in result.stderr


def test_a_secret_key_is_made_once_and_kept_private(tmp_path):
    run_check(tmp_path, SECRET_KEY="")
    key = (tmp_path / "secret-key").read_text()
    run_check(tmp_path, SECRET_KEY="")
    assert (tmp_path / "secret-key").read_text() == key
    assert len(key) > 60
    if os.name != "nt":
        assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the zone where no test can set it")
def test_without_a_time_zone_in_the_settings_that_of_the_pc_counts(tmp_path):
    assert print_setting("TIME_ZONE", DATA_PATH=str(tmp_path), TIME_ZONE="", TZ="Asia/Tokyo") == "'Asia/Tokyo'"
