"""The C library keeps few heaps, no matter how many threads allocate, and what is rarely used is not imported.

Each is tested in a process of its own, because both last until the process ends.
"""

import os
import platform
import subprocess
import sys

import pytest

from microscope.tests.server_process import ROOT
from microscope.tests.starting import run_command

ALLOCATE_AND_TELL = """
import ctypes, threading
from microscope.start.memory import give_back_free_memory, keep_few_heaps

if {is_told}:
    keep_few_heaps()
c = ctypes.CDLL(None)
c.malloc.restype = c.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(8)

def allocate():
    together.wait()
    c.malloc(1000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
give_back_free_memory()
c.malloc_info(0, ctypes.c_void_p(c.fdopen(1, b"w")))
c.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library cannot be told")
def test_eight_threads_share_two_heaps():
    def count_heaps(is_told: bool) -> int:
        program = [sys.executable, "-c", ALLOCATE_AND_TELL.format(is_told=is_told)]
        told = subprocess.run(program, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
        return told.count("<heap nr=")

    assert count_heaps(is_told=False) > 2
    assert count_heaps(is_told=True) == 2


def test_once_the_program_is_loaded_garbage_is_collected_without_looking_through_all_of_it(tmp_path):
    code = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    said = run_command("shell", "--no-imports", "--command", code, DATA_PATH=str(tmp_path), DATABASE_URL="")
    assert said.stdout.split() == ["True", "True"], said.stderr


SERVE_ON_SQLITE = """
import sys
import django

django.setup()
import microscope.management.commands.serve, microscope.urls

print(*sorted({"numpy.random", "psycopg", "tifffile"} & sys.modules.keys()))
"""


def test_a_server_on_sqlite_imports_only_what_it_uses(tmp_path):
    here = {"DATA_PATH": str(tmp_path), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "microscope.settings"}
    program = [sys.executable, "-c", SERVE_ON_SQLITE]
    told = subprocess.run(
        program, cwd=ROOT, env={**os.environ, **here}, check=True, capture_output=True, text=True, timeout=120
    )
    assert told.stdout.strip() == ""
