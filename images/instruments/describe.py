"""Describes this instrument for the page of instruments."""

import socket
from typing import Any

from django.conf import settings

from camera.live.small_picture import make_small_picture
from camera.registry import the_camera
from images.archive.archive import Archive
from images.run_days import Clock
from images.spool.rows import count_waiting
from images.spool.spool import the_spool


def describe_instrument(archive: Archive) -> dict[str, Any]:
    """Return the columns for the row of this instrument. Raises LibraryError, and Django's DatabaseError."""
    spool = the_spool()
    free_bytes, reserve_bytes = archive.space()
    waiting = (spool and spool.state.waiting) or count_waiting()
    return {
        "url": settings.INSTRUMENT_URL,
        "version": settings.VERSION,
        "camera": {**describe_camera(), "reserveBytes": reserve_bytes},
        "free_bytes": free_bytes,
        "spool_count": waiting.count,
        "spool_bytes": waiting.size_bytes,
        "oldest_local_at": waiting.oldest_at,
        **describe_picture(),
    }


def describe_camera() -> dict[str, Any]:
    status = the_camera().status()
    identity = status.identity
    return {
        "model": identity.model if identity else "",
        "serialNumber": identity.serial_number if identity else "",
        "host": socket.gethostname(),
        "state": status.state,
        "isSimulated": status.is_simulated,
        "problem": str(status.cause or ""),
        "watchers": status.watchers,
    }


def describe_picture() -> dict[str, Any]:
    """Return a small picture if the camera streams; otherwise nothing, so that the last picture and its time stay."""
    picture = make_small_picture(the_camera())
    return {"picture": picture, "picture_at": Clock().now()} if picture else {}
