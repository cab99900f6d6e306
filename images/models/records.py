"""The record of an image in its row: the same as in its file."""

from typing import Any

from django.db import models

from images.older_versions import upgrade_record


class RecordField(models.JSONField):
    """A record, stored as it is in the file. When it is read, records of earlier versions get today's form."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        # Only when it is read. Rewriting a million rows would take long, and the files keep the older form anyway.
        return upgrade_record(super().from_db_value(value, expression, connection))

    def deconstruct(self) -> Any:
        """Call it a JSONField in migrations: the column is the same, so no migration is needed."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.JSONField", args, options


def name_of_job(record: Any) -> str:
    """Return the name of the job that a record says, or "" if it says none."""
    job = record.get("job") if isinstance(record, dict) else None
    name = job.get("name") if isinstance(job, dict) else None
    return name if isinstance(name, str) else ""
