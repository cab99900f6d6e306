"""Converts records and sidecars of earlier versions to today's form. All reading passes through here, so the rest of
the program knows only today's form.

No file in the archive is rewritten for this: an original never changes, and a sidecar gets the new form when its image
is changed the next time.
"""

from typing import Any

RECORD_VERSION = 2
SIDECAR_SCHEMA = "microscope.sidecar"
SIDECAR_SUFFIX = ".sidecar.json"

# Keys of version 1 of the record that have a new name: (part of the record, old key, new key).
RENAMED_IN_RECORD = (("actual", "pixelAddressing", "binning"), ("frame", "sdkCode", "driverStatus"))

# Earlier versions called the sidecar a "changes file".
OLDER_SIDECAR_SCHEMA = "microscope.changes"
OLDER_SIDECAR_SUFFIX = ".changes.json"
SIDECAR_SUFFIXES = (SIDECAR_SUFFIX, OLDER_SIDECAR_SUFFIX)


def upgrade_record(record: Any) -> Any:
    """Return a record of version 1 in today's form, and anything else as it is. Does not change the argument."""
    if not isinstance(record, dict) or record.get("version") != 1:
        return record
    upgraded = {**record, "version": RECORD_VERSION}
    for part, older, newer in RENAMED_IN_RECORD:
        if isinstance(values := record.get(part), dict):
            upgraded[part] = {newer if name == older else name: value for name, value in values.items()}
    return upgraded


def upgrade_sidecar(said: dict[str, Any]) -> dict[str, Any]:
    """Return an older sidecar under today's schema, and anything else as it is. Both schemas have the same keys."""
    return {**said, "schema": SIDECAR_SCHEMA} if said.get("schema") == OLDER_SIDECAR_SCHEMA else said
