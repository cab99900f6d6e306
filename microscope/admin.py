"""The audit log in the admin: to be read by those who may, and written by nobody."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from images.admin_browsing import BoundedPaginator
from microscope.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    list_display = ["at", "who", "what", "object", "address"]
    list_filter = ["what", "at"]
    search_fields = ["=who", "=object", "=image_id"]
    search_help_text = "A user name, a file name or the number of an image, as a whole"
    ordering = ["-id"]
    list_per_page = 100
    paginator = BoundedPaginator
    show_full_result_count = False
    fields = ["at", "user", "who", "address", "what", "image_id", "object", "details"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
