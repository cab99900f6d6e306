"""The environment in which the tests run: a data folder of their own, a small simulated camera. Loaded by pytest
before the settings are read."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="microscope-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

os.environ.update(
    {
        "DATA_PATH": _folder,
        "IMAGE_SAVE_PATH": "images",
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
        "DEBUG": "false",
        "HTTPS": "false",
        "CAMERA_DRIVER": "simulated",
        "SIMULATED_CAMERA": "colour-small",
        "CAMERA_SERIAL_NUMBER": "",
        "DEFAULT_EXPOSURE": "5",
        "DEFAULT_GAIN": "0",
        "MINIMUM_FREE_MB": "1",
        "ALLOWED_ORIGINS": "",
        "ADMIN_PASSWORD": "",
    }
)
