"""The instruments in the admin. Each writes its own row, so nobody edits one here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from images.admin.deleting import GuardedDeletion
from images.admin.lists import SealedLists
from images.models import Instrument


@admin.register(Instrument)
class InstrumentAdmin(GuardedDeletion, SealedLists):
    instead = "Leave the microscope as it is: its pictures show its name."
    list_display = ["name", "url", "last_seen_at", "version", "spool_count", "clock_offset_ms"]
    ordering = ["name"]
    fields = (
        *("preview", "name", "id", "url", "version", "last_seen_at", "clock_offset_ms", "camera", "free_bytes"),
        *("spool_count", "spool_bytes", "oldest_local_at", "spool_bytes_per_s", "picture_at"),
    )
    readonly_fields = [*fields]

    class Media:
        css = {"all": ["images/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("picture")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Instrument | None = None) -> bool:
        return False

    @admin.display(description="Picture")
    def preview(self, instrument: Instrument) -> str:
        address = reverse("instrument-picture", args=[instrument.pk])
        return format_html('<img class="preview" src="{}" alt="Picture from {}">', address, instrument.name)
