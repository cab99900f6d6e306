"""Fills the library that DATA_PATH names with originals of a given number and size, and with their rows.

`python -m benchmarks.backup_library COUNT BYTES` runs as a process of its own.
"""

import os
import sys
from itertools import islice


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    django.setup()
    from django.conf import settings

    from benchmarks.backup import ROWS_AT_ONCE, make_files
    from images.library import the_library
    from images.models import Image

    count, size_bytes = map(int, sys.argv[1:])
    the_library().archive.check_folder()
    fields = {"exposure_ms": 1, "gain_db": 0, "width": 1920, "height": 1080, "image_format": "jpg"}
    record = {"schema": "microscope-image", "filling": "x" * 600}
    files = make_files(settings.IMAGE_SAVE_PATH, count, size_bytes)
    while some := list(islice(files, ROWS_AT_ONCE)):
        Image.objects.bulk_create(
            Image(
                filename=name,
                captured_at=moment,
                sha256=sha256,
                file_size=size_bytes,
                metadata=record,
                is_simulated=False,
                **fields,
            )
            for name, moment, sha256 in some
        )


if __name__ == "__main__":
    main()
