"""The library in the admin: view, search and delete. Images cannot be edited here."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from folding import words_of
from folding.searching import FoldedSearch
from images.admin.browsing import BrowsedImages, NewestJobsFilter, PeopleFilter
from images.admin.deleting import DeletionFromBin, GuardedDeletion
from images.admin.forms import FreshForms
from images.admin.lists import ReadOnlyLists, SealedLists
from images.calibration.objectives import change_objective
from images.edit.bin import KEPT_FOR_DAYS, Outcome, bin_many, restore_many
from images.editable_fields import NUMBERS, SEARCHED_COLUMNS, SEARCHED_IN_WORDS, TEXTS
from images.models import Calibration, Image, ImageQuerySet, Job, Objective
from images.permissions import DELETE_ANY
from images.roles import is_of_several
from images.search.walk import Search, find_first

MAX_SEARCHED = 1000
# Shown on one line of the form.
NUMBER_COLUMNS = tuple(field.column for field in NUMBERS)


class BinFilter(admin.SimpleListFilter):
    title = "bin"
    parameter_name = "binned"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", "In the bin"), ("no", "Not in the bin")]

    def queryset(self, request: HttpRequest, queryset: Any) -> ImageQuerySet:
        chosen = {"yes": queryset.in_bin, "no": queryset.not_binned}.get(self.value() or "")
        return chosen() if chosen else queryset


class SimulatedFilter(admin.BooleanFieldListFilter):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = "simulation"


@admin.register(Image)
class ImageAdmin(DeletionFromBin, SealedLists):
    list_display = [
        "thumbnail",
        "filename",
        "captured_at",
        "user",
        "job",
        "sample",
        "exposure",
        "gain",
        "size",
        "simulated",
    ]
    list_display_links = ["thumbnail", "filename"]
    list_filter = [
        ("user", PeopleFilter),
        "captured_at",
        ("job", NewestJobsFilter),
        "objective",
        ("is_simulated", SimulatedFilter),
        BinFilter,
    ]
    list_select_related = ["user", "job", "objective"]
    list_per_page = 50
    # Only columns with an index. For any other, the database would sort a million rows for each page.
    sortable_by = ["captured_at", "filename"]
    search_fields = ["filename", *SEARCHED_COLUMNS]
    search_help_text = f"Words in {SEARCHED_IN_WORDS}, such as 20250116"
    actions = ["move_to_bin", "restore_from_bin", "delete_selected"]
    date_hierarchy = "captured_at"
    ordering = ["-captured_at", "-id"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["preview"]}),
        ("Written by users", {"fields": [field.column for field in TEXTS]}),
        ("Bin", {"fields": ["binned_at", "binned_by"]}),
        ("Taken", {"fields": ["captured_at", "user", "job", "exposure", "gain", NUMBER_COLUMNS, "simulated"]}),
        ("Scale", {"fields": ["objective", "calibration", "um_per_pixel_x", "um_per_pixel_y"]}),
        (
            "File",
            {
                "fields": [
                    "filename",
                    "size",
                    "pixels",
                    "image_format",
                    "sha256",
                    "is_adopted",
                    "changed_since_capture",
                    "created_at",
                ]
            },
        ),
        ("Record", {"fields": ["record"]}),
    ]

    class Media:
        css = {"all": ["images/admin.css"]}

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        # A PC alone has no instruments, and does not look for any.
        return [*self.list_filter, "instrument"] if is_of_several() else self.list_filter

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:
        """Images are read-only in the admin: the page of the image edits its file and its history too."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Image | None = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)

    def has_bin_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms([DELETE_ANY])

    def get_queryset(self, request: HttpRequest) -> BrowsedImages:
        # All images, also those in the bin: the admin has a filter for it.
        return BrowsedImages(Image)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[ImageQuerySet, bool]:
        """Return the newest images that contain the words, at most MAX_SEARCHED."""
        words = words_of(search_term)
        if words:
            found = find_first(Search(queryset, queryset, words=words), MAX_SEARCHED + 1)
            image_ids = [image.pk for image in found.images]
            queryset = queryset.filter(pk__in=image_ids[:MAX_SEARCHED])
            # The paginator reads this mark, and then says "more than".
            queryset.is_cut = len(image_ids) > MAX_SEARCHED or found.reached is not None
        # False: the results contain no image twice.
        return queryset, False

    @admin.action(description="Move to the bin", permissions=["bin"])
    def move_to_bin(self, request: HttpRequest, images: ImageQuerySet) -> None:
        outcome = bin_many(list(images.values_list("pk", flat=True)), request.user)
        self._report(request, outcome, f"in the bin, for {KEPT_FOR_DAYS} days on which the program runs")

    @admin.action(description="Restore from the bin", permissions=["bin"])
    def restore_from_bin(self, request: HttpRequest, images: ImageQuerySet) -> None:
        outcome = restore_many(list(images.values_list("pk", flat=True)), request.user)
        self._report(request, outcome, "back in the library")

    def _report(self, request: HttpRequest, outcome: Outcome, where: str) -> None:
        count = len(outcome.done)
        self.message_user(request, f"{count} {'image is' if count == 1 else 'images are'} {where}.")
        for refusal in outcome.refused[:1]:
            text = f"{len(outcome.refused)} were not moved. {refusal.problem}"
            self.message_user(request, text, messages.ERROR)

    @admin.display(description="Picture")
    def thumbnail(self, image: Image) -> str:
        return format_html(
            '<img class="thumbnail" src="{}" alt="{}" loading="lazy">',
            reverse("api-image-thumbnail", args=[image.pk]),
            f"Picture of {image.sample}, {image.filename}" if image.sample else f"Picture {image.filename}",
        )

    @admin.display(description="Picture")
    def preview(self, image: Image) -> str:
        address = reverse("api-image-file", args=[image.pk])
        return format_html('<a href="{0}"><img class="preview" src="{0}" alt="{1}"></a>', address, image.filename)

    @admin.display(description="Simulated", boolean=True, ordering="is_simulated")
    def simulated(self, image: Image) -> bool:
        return image.is_simulated

    @admin.display(description="Exposure", ordering="exposure_ms")
    def exposure(self, image: Image) -> str:
        return f"{image.exposure_ms:g} ms"

    @admin.display(description="Gain", ordering="gain_db")
    def gain(self, image: Image) -> str:
        return f"{image.gain_db:g} dB"

    @admin.display(description="Size", ordering="file_size")
    def size(self, image: Image) -> str:
        return f"{image.file_size / 1e6:.2f} MB"

    @admin.display(description="Pixels")
    def pixels(self, image: Image) -> str:
        return f"{image.width} x {image.height}"

    @admin.display(description="Record")
    def record(self, image: Image) -> str:
        return format_html('<pre class="record">{}</pre>', json.dumps(image.metadata, indent=2, ensure_ascii=False))


@admin.register(Job)
class JobAdmin(FoldedSearch, FreshForms, GuardedDeletion, SealedLists):
    instead = "Leave the job as it is, or set its state to stopped."
    list_display = ["name", "kind", "user", "state", "created_at"]
    list_filter = ["state", "kind"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> list[str]:
        """Return all fields for a job that the program runs. Only the program may change it, because its file must say
        the same as its row."""
        fields = [field.name for field in Job._meta.fields if field.editable and field.name != "id"]
        always = [name for name in fields if name not in ("name", "kind", "user", "state")]
        return fields if obj and obj.plan else always


@admin.register(Objective)
class ObjectiveAdmin(FoldedSearch, FreshForms, SealedLists):
    """Adds and renames objectives. They cannot be deleted, because images refer to them.

    Retiring is left to the page of objectives, which knows the current objective.
    """

    list_display = ["name", "magnification", "numerical_aperture", "is_retired", "created_at"]
    search_fields = ["name"]
    fields = ["name", "magnification", "numerical_aperture", "is_retired", "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Objective | None = None) -> list[str]:
        always = ["is_retired", "created_at"]
        return always if obj is None else ["magnification", "numerical_aperture", *always]

    def has_delete_permission(self, request: HttpRequest, obj: Objective | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Objective, form: Any, change: bool) -> None:
        if change:
            # The same function as for the API, so that its rules apply here too.
            change_objective(obj.pk, name=obj.name)
        else:
            super().save_model(request, obj, form, change)


@admin.register(Calibration)
class CalibrationAdmin(ReadOnlyLists):
    """Read-only: a calibration is made on an image and never changed."""

    list_display = ["objective", "um_per_pixel", "uncertainty_um", "camera_model", "camera_serial_number", "made_at"]
    list_filter = ["objective", "camera_serial_number"]
    list_select_related = ["objective"]
    ordering = ["-made_at", "-id"]
