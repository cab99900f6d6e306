"""Deletion in the admin: images only from the bin and with their files, other rows only if nothing refers to them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import PROTECT
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from images.edit.bin import Outcome, remove_many
from images.errors import NotInBin
from images.models import Image, ImageQuerySet

CONFIRMATION = "admin/images/image/delete_confirmation.html"


class GuardedDeletion(admin.ModelAdmin):
    """Refuses to delete a row that others refer to. Files name it too, so a rebuild would create it again.

    `instead`: a sentence that says what to do instead.
    """

    instead = ""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        reasons = self.find_reasons(objs)
        if reasons:
            return [], {}, set(), [*reasons, *filter(None, [self.instead])]
        return super().get_deleted_objects(objs, request)

    def find_reasons(self, rows: Any) -> list[str]:
        """Return sentences that say why these rows cannot be deleted. Names only the kinds that refer to them."""
        # Django's own page would list every row that refers to it, which can be a million.
        relations: Any = get_candidate_relations_to_delete(self.opts)
        referring = (
            relation.related_model
            for relation in relations
            if relation.on_delete is PROTECT
            and relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": rows}).exists()
        )
        return [f"{capfirst(model._meta.verbose_name_plural)} refer to it." for model in dict.fromkeys(referring)]


class DeletionFromBin(admin.ModelAdmin):
    """Deletes images only from the bin, and only after a page that says that their files are deleted too."""

    delete_confirmation_template = CONFIRMATION

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        is_kept = any(image.binned_at is None for image in objs)
        # Empty lists: Django would collect all related rows for the page.
        return [], {}, set(), [str(NotInBin())] if is_kept else []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return super().delete_view(request, object_id, {"count": 1, **(extra_context or {})})

    def delete_model(self, request: HttpRequest, obj: Image) -> None:
        for refusal in remove_many([obj.pk]).refused:
            raise refusal.problem

    @admin.action(description="Delete for good (only from the bin)", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, images: ImageQuerySet) -> HttpResponse | None:
        # All or nothing: a person who selected the wrong images should notice before any is gone.
        kept = images.not_binned().count()
        if kept:
            self.message_user(request, _refuse(kept), messages.ERROR)
            return None
        if not request.POST.get("post"):
            return self._ask(request, images.count())
        self._report_removed(request, remove_many(list(images.values_list("pk", flat=True))))
        return None

    def _ask(self, request: HttpRequest, count: int) -> HttpResponse:
        page = {
            **self.admin_site.each_context(request),
            "title": "Delete",
            "opts": self.opts,
            "media": self.media,
            "count": count,
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, CONFIRMATION, page)

    def _report_removed(self, request: HttpRequest, outcome: Outcome) -> None:
        done, refused = len(outcome.done), len(outcome.refused)
        self.message_user(request, f"{done} {_name(done)} deleted for good, with {_of(done)}.", messages.SUCCESS)
        if refused:
            self.message_user(request, f"{refused} not deleted: no longer in the bin.", messages.WARNING)


def _refuse(kept: int) -> str:
    return f"Nothing was deleted: {kept} of them {'is' if kept == 1 else 'are'} not in the bin. {NotInBin()}"


def _name(count: int) -> str:
    return "image was" if count == 1 else "images were"


def _of(count: int) -> str:
    return "its file" if count == 1 else "their files"
