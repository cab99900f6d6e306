"""A picture to put into a store."""

import hashlib
import io

from images.store.client import Store

KEY = "originals/pc/2026-11-27/5f0c/a picture ü.jpg"
PICTURE = bytes(range(256)) * 4000
# More than the system buffers between two programs.
LARGE = bytes(16_000_000)


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(store: Store, content: bytes = PICTURE, **more):
    return store.put_file(KEY, io.BytesIO(content), sum_of(content), **more)
