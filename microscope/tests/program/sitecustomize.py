"""Python runs this file when it starts a program for a test. Django and its REST framework load these packages if they
are there. They come with the packages of the tests, and whoever installs only requirements.txt has none of them.
"""

import sys

PROGRAMS = ("manage.py", "tests.promises.serving", "microscope.tests.browser.serve_bench", "warm/becoming.py")
OF_THE_TESTS = ("jinja2", "pygments", "requests")

if any(argument.endswith(PROGRAMS) for argument in sys.orig_argv[1:]):
    # Python then says that there is no such package. A program of the tests starts a tenth faster without them.
    sys.modules.update(dict.fromkeys(OF_THE_TESTS))
