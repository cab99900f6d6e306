#!/usr/bin/env python
"""The program's commands. `manage.py serve` runs it; `manage.py help` lists the others."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(f"{problem}")


if __name__ == "__main__":
    main()
