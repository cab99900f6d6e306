"""The audit log in the admin. Staff with the permission can read it. Nobody can change it."""

import re

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from folding import fold
from folding.fields import BETWEEN
from images.admin.lists import ReadOnlyLists
from microscope.models import AuditEntry

LOOKS_LIKE_ID = re.compile("[0-9]{1,18}")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyLists):
    list_display = ["at", "who", "what", "object", "address"]
    list_filter = ["what", "at"]
    search_fields = ["search_text", "image_id"]
    search_help_text = "A user name, a file name or the number of an image, as a whole"
    ordering = ["-id"]
    list_per_page = 100
    show_full_result_count = False
    fields = ["at", "user", "who", "address", "what", "image_id", "object", "details"]
    actions = None

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Find whole names only, in upper or lower case. No index finds parts of names among millions of entries."""
        wanted = fold(search_term.replace("\0", ""))
        if not wanted:
            return queryset, False
        found = Q(search_text__startswith=wanted + BETWEEN) | Q(search_text__endswith=BETWEEN + wanted)
        if LOOKS_LIKE_ID.fullmatch(wanted):
            found |= Q(image_id=int(wanted))
        return queryset.filter(found), False
