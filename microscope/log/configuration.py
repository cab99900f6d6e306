"""What is logged, and how: in the form of `logging.config.dictConfig`."""

from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "microscope.start.log_lines.LineFormatter",
            "fmt": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "PIL": {"level": "WARNING"},
        # The pool logs each attempt to connect. The program itself logs once that there is no connection.
        "psycopg.pool": {"level": "ERROR"},
        "urllib3": {"level": "ERROR"},  # the program itself names each error of the store
    },
}
