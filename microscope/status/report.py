"""The status as text for a person who helps from elsewhere. It names no person, sample, job, host or folder, and holds
no secret and no picture."""

import platform
import sys
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from microscope.start.secrets import hide_places, hide_secrets
from microscope.status.line import BAD, FINE, UNKNOWN, WARN, Line, Status

MARKS = {FINE: "ok", WARN: "!", BAD: "!!", UNKNOWN: "?"}
# Numbers, switches and choices are shown with their values. Other settings are texts that people write, so only their
# names are shown.
TOLD_SETTINGS = (
    *("PORT", "DEBUG", "HTTPS", "HSTS_SECONDS", "TRUSTED_PROXIES", "SERVER_THREADS", "TIME_ZONE"),
    *("CAMERA_DRIVER", "CAMERA_IDLE_SECONDS", "SIMULATED_CAMERA", "DEFAULT_EXPOSURE_MS", "DEFAULT_GAIN_DB"),
    *("SERVICE_TIMEOUT_MS", "LIVE_MAX_WATCHERS", "LIVE_MAX_FPS", "IMAGE_FORMAT", "IMAGE_QUALITY", "TIFF_COMPRESSION"),
    *("MINIMUM_FREE_MB", "BURST_MEMORY_MB", "BACKUP_HOUR", "S3_LOCK_DAYS"),
)
# For these settings, the report only says if they are set.
ASKED_SETTINGS = (
    "ROOT_PATH",
    "ALLOWED_ORIGINS",
    "CAMERA_SERIAL_NUMBER",
    "BACKUP_TO",
    "S3_ENDPOINT",
    "S3_BUCKET",
    "S3_PUBLIC_URL",
    "JOB_WEBHOOK_URL",
    "JOB_PING_URL",
)


def write_report(status: Status) -> str:
    """Return the report, with a line break at its end."""
    lines = [
        f"Microscope {settings.VERSION}",
        f"Python {'.'.join(map(str, sys.version_info[:3]))}, {platform.system()} {platform.release()}",
        f"Read at {_as_text(status.read_at)}",
        status.summary,
    ]
    for group in status.groups:
        lines += ["", group.name]
        for line in group.lines:
            lines.append(describe_line(line, status.read_at))
            if line.todo:
                lines.append(f"     {line.todo}")
    lines += ["", "Settings", *(f"  {name}={_as_text(value)}" for name, value in _read_settings())]
    # Messages of errors come from the system, and often name folders.
    return hide_places(hide_secrets("\n".join(lines))) + "\n"


def describe_line(line: Line, now: datetime) -> str:
    """Return `ok   Camera            Streaming. PL-D725 1234, 29.9 fps. Since 02:24, 43 min.` without names."""
    since = f"Since {_as_text(line.since)}, {describe_age(now - line.since)}." if line.since else ""
    said = [f"{line.state}.", line.now and f"{line.now.rstrip('.')}.", since]
    return f"{MARKS[line.level]:<4} {line.name:<16} {' '.join(filter(None, said))}"


def describe_age(age: timedelta) -> str:
    """Return `20 s`, `43 min`, `10 h 27 min` or `95 days`. `0 s` for a time in the future."""
    seconds = max(int(age.total_seconds()), 0)
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} days"


def _read_settings() -> list[tuple[str, Any]]:
    told = [(name, getattr(settings, name)) for name in TOLD_SETTINGS]
    return told + [(name, "set" if getattr(settings, name) else "not set") for name in ASKED_SETTINGS]


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{timezone.localtime(value, timezone.get_default_timezone()):%Y-%m-%d %H:%M:%S %Z}"
    return str(value)
