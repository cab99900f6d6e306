"""The library in the admin: to look at, to search, to remove. What the frame said cannot be changed here."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from images.admin_browsing import BoundedPaginator, BrowsedImages, NewestJobsFilter, PeopleFilter
from images.bin import bin_many, restore_many
from images.models import Calibration, Image, ImageQuerySet, Job, Objective
from images.optics import the_optics
from images.rights import DELETE_ANY
from images.search import Search, find_first

MOST_SEARCHED = 1000


class BinFilter(admin.SimpleListFilter):
    title = "bin"
    parameter_name = "binned"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", "In the bin"), ("no", "Not in the bin")]

    def queryset(self, request: HttpRequest, queryset: Any) -> ImageQuerySet:
        chosen = {"yes": queryset.in_bin, "no": queryset.shown}.get(self.value() or "")
        return chosen() if chosen else queryset


class SimulatedFilter(admin.BooleanFieldListFilter):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = "simulation"


@admin.register(Image)
class ImageAdmin(admin.ModelAdmin):
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
    paginator = BoundedPaginator
    # By what no index sorts, a million rows would be sorted for each page.
    sortable_by = ["captured_at", "filename"]
    search_fields = ["filename", "note", "sample"]
    search_help_text = "Words in file name, note or sample, for instance 20250116"
    actions = ["move_to_bin", "restore_from_bin"]
    date_hierarchy = "captured_at"
    ordering = ["-captured_at", "-id"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["preview"]}),
        ("Said", {"fields": ["sample", "note"]}),
        ("Bin", {"fields": ["binned_at", "binned_by"]}),
        ("Taken", {"fields": ["captured_at", "user", "job", "exposure", "gain", "position", "simulated"]}),
        ("Scale", {"fields": ["objective", "calibration", "um_per_pixel_x", "um_per_pixel_y"]}),
        ("File", {"fields": ["filename", "size", "pixels", "image_format", "sha256", "is_adopted", "created_at"]}),
        ("Record", {"fields": ["record"]}),
    ]

    class Media:
        css = {"all": ["images/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:
        """Nothing of an image can be changed in the admin; it is shown to whoever may view it."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Image | None = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)

    def has_bin_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms([DELETE_ANY])

    def get_queryset(self, request: HttpRequest) -> BrowsedImages:
        return BrowsedImages(Image)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[ImageQuerySet, bool]:
        """The newest that hold the words."""
        words = search_term.replace("\0", " ").split()
        if words:
            found = find_first(Search(queryset, queryset, words=words), MOST_SEARCHED)
            queryset = queryset.filter(pk__in=[image.pk for image in found.images])
        return queryset, False

    @admin.action(description="Move to the bin", permissions=["bin"])
    def move_to_bin(self, request: HttpRequest, images: ImageQuerySet) -> None:
        outcome = bin_many(list(images.values_list("pk", flat=True)), request.user)
        self.message_user(request, f"{len(outcome.done)} images are in the bin, which keeps them for 30 days.")

    @admin.action(description="Restore from the bin", permissions=["bin"])
    def restore_from_bin(self, request: HttpRequest, images: ImageQuerySet) -> None:
        outcome = restore_many(list(images.values_list("pk", flat=True)), request.user)
        self.message_user(request, f"{len(outcome.done)} images are back in the library.")

    @admin.display(description="Picture")
    def thumbnail(self, image: Image) -> str:
        return format_html(
            '<img class="thumbnail" src="{}" alt="" loading="lazy">', reverse("api-image-thumbnail", args=[image.pk])
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

    @admin.display(description="Position")
    def position(self, image: Image) -> str:
        places = (("X", image.x_position), ("Y", image.y_position), ("Z", image.z_position))
        return ", ".join(f"{axis} {value:g}" for axis, value in places if value is not None) or "-"

    @admin.display(description="What the frame said")
    def record(self, image: Image) -> str:
        return format_html('<pre class="record">{}</pre>', json.dumps(image.metadata, indent=2, ensure_ascii=False))


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "user", "state", "created_at"]
    list_filter = ["state", "kind"]
    search_fields = ["name"]


@admin.register(Objective)
class ObjectiveAdmin(admin.ModelAdmin):
    """Adds and renames. What images refer to stays; retiring is for the page of objectives, which knows which one is
    in use."""

    list_display = ["name", "magnification", "numerical_aperture", "is_retired", "created_at"]
    fields = ["name", "magnification", "numerical_aperture", "is_retired", "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Objective | None = None) -> list[str]:
        always = ["is_retired", "created_at"]
        return always if obj is None else ["magnification", "numerical_aperture", *always]

    def has_delete_permission(self, request: HttpRequest, obj: Objective | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Objective, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(the_optics().note_change)


@admin.register(Calibration)
class CalibrationAdmin(admin.ModelAdmin):
    """To look at: a calibration is made on a picture, and never changed."""

    list_display = ["objective", "um_per_pixel", "uncertainty_um", "camera_model", "camera_serial_number", "made_at"]
    list_filter = ["objective", "camera_serial_number"]
    list_select_related = ["objective"]
    ordering = ["-made_at", "-id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Calibration | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Calibration | None = None) -> bool:
        return False
