"""Turns the files of an image into columns of its row: the record inside the original, and the sidecar beside the
original."""

from typing import Any

from images.archive.sidecar import Sidecar
from images.editable_fields import read_nested
from images.index.rebuild.restore_optics import optics_columns
from images.record.image import parse_time
from images.record.people import find_person, read_person


def columns_of_record(record: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a record, except user and job. Raises KeyError, TypeError or ValueError if the record is
    damaged."""
    actual = record["actual"]
    return {
        "record_id": record["id"],
        "captured_at": parse_time(record["capturedAt"]),
        "exposure_ms": actual["exposureMs"],
        "gain_db": actual["gainDb"],
        "width": record["image"]["width"],
        "height": record["image"]["height"],
        **read_nested(record),
        "is_simulated": record["simulated"],
        **optics_columns(record),
    }


def columns_of_sidecar(sidecar: Sidecar) -> dict[str, Any]:
    """Return the columns of a sidecar. Raises KeyError, TypeError, AttributeError or ValueError if its values are
    invalid."""
    values = sidecar.values
    return {
        **read_nested(values),
        "binned_at": parse_time(values["binnedAt"]) if values["binnedAt"] else None,
        "binned_by": find_person(read_person(values, "binnedBy")),
        "revision": sidecar.revision,
    }
