"""The table of files that wait to be removed."""

from django.db import models

from images.models.instruments import Instrument


class Removal(models.Model):
    """A note that a file must be removed, written in the transaction that deletes its row.

    A crash can leave the file of a deleted row on disk. Without this note, the next start would give it a row again.
    The record id says which file is meant, because another image may have the name by now.
    """

    record_id = models.UUIDField(unique=True)
    filename = models.CharField(max_length=100)
    # The file is on its disk, so that PC removes it.
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "image_removals"

    def __str__(self) -> str:
        return self.filename
