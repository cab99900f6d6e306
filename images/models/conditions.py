"""Conditions on images that queries, indexes and constraints share."""

from django.db import models
from django.db.models import F, Q

# The largest integer that every reader of JSON holds exactly (RFC 8259, section 6). Browsers round larger ones.
MAX_ID = 2**53 - 1
NOT_BINNED = Q(binned_at__isnull=True)
BINNED = Q(binned_at__isnull=False)
# The original lies only on the disk of the instrument. A PC alone, without an object store, has no others.
NOT_STORED = Q(place__isnull=True)
# Somebody on another PC waits for it.
WANTED = NOT_STORED & Q(wanted_at__isnull=False)
# Captured by one of several PCs that share the library. Pictures of a PC that shares nothing have no instrument.
OF_SEVERAL = Q(instrument__isnull=False)
# Read back whole from the store, so the original may leave this disk. Pictures in the bin stay until they leave the
# bin.
MAY_LEAVE = Q(place="both", verified_at__isnull=False, binned_at__isnull=True)
# The original is in the store, and its last change is not.
CHANGE_NOT_STORED = Q(place__isnull=False, revision__isnull=False) & (
    Q(stored_revision__isnull=True) | Q(revision__gt=F("stored_revision"))
)

# Indexes by which each instrument finds its own originals that the store lacks, that nobody has read back, and so on.
STORE_INDEXES = [
    models.Index(fields=["instrument", "id"], name="images_not_stored", condition=NOT_STORED),
    models.Index(fields=["instrument", "wanted_at"], name="images_wanted", condition=WANTED),
    models.Index(
        fields=["instrument", "stored_at"],
        name="images_to_verify",
        condition=Q(place="both", verified_at__isnull=True),
    ),
    models.Index(fields=["instrument", "captured_at", "id"], name="images_may_leave", condition=MAY_LEAVE),
    models.Index(fields=["instrument", "id"], name="images_change_not_stored", condition=CHANGE_NOT_STORED),
]
