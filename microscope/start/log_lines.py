"""The lines of the log, on the console and in the file. They show no secret."""

import logging
from datetime import UTC, datetime

from microscope.http.request_number import current_request_number
from microscope.start.secrets import hide_secrets

NO_REQUEST = "-"
CONTINUED = "\n    "


class LineFormatter(logging.Formatter):
    """Formats a line of the log, and replaces tokens and secrets in it. Otherwise a reader of the log could use
    them."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_secrets(super().format(record))


class FileLineFormatter(LineFormatter):
    """`2026-01-16T02:24:06.123Z WARNING 3fa2-17 images.jobs: …`. Time in UTC, level, number of the request, part of the
    program. Further lines are indented, so that no text can pass for an entry of its own."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        number = current_request_number() or NO_REQUEST
        text = super().format(record).replace("\r", "").replace("\n", CONTINUED)
        return f"{at}Z {record.levelname} {number} {record.name}: {text}"
