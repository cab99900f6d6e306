#!/usr/bin/env python
"""The program's commands. `manage.py serve` runs it; `manage.py help` lists the others."""

import gc
import os
import signal
import sys


def main() -> None:
    # While the program loads, hardly anything becomes garbage, and to look for it takes a sixth of the start. It begins
    # again once the apps are loaded.
    gc.disable()
    is_server = sys.argv[1:2] == ["serve"]
    if is_server and signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        # While the program loads there is nothing to finish; `serve` handles the signal itself later.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    from microscope.start.console import find_log, prepare_console

    prepare_console(find_log(sys.argv) if is_server else None)
    if sys.argv[1:] == ["version"] or "--version" in sys.argv[1:]:  # Django would tell its own
        from microscope import VERSION

        sys.stdout.write(f"Microscope {VERSION}\n")
        return
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as problem:
        # The program's boundary: a fault that a person can mend is a sentence, every other one shows its trace.
        from microscope.start.faults import explain

        sentence = explain(problem)
        if sentence is None or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
