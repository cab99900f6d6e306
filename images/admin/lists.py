"""Lists of the admin whose actions apply to exactly the rows that the page showed."""

import hashlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from images.admin.browsing import BoundedPaginator

SEAL_FIELD = "all_shown"


class SealedChangeList(ChangeList):
    """Offers "select all" only if all rows were counted. `seal` identifies these rows."""

    @property
    def can_select_all(self) -> bool:
        return self.result_count != len(self.result_list) and not self.paginator.is_cut

    @cached_property
    def seal(self) -> str:
        return seal(ids_of(self.queryset, self.paginator.count))


class SealedLists(admin.ModelAdmin):
    """An action on all rows applies only to the rows that the page counted.

    If the list has changed since, or has more rows than were counted, nothing is done and a message says why.
    """

    paginator = BoundedPaginator

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return SealedChangeList

    def response_action(self, request: HttpRequest, queryset: QuerySet, *more: Any) -> HttpResponse | None:
        if not is_for_all(request):
            return super().response_action(request, queryset, *more)
        paginator = self.get_paginator(request, queryset, self.list_per_page)
        # The ids are fixed here: rows that come while the action runs are not part of it.
        ids = ids_of(queryset, paginator.count)
        problem = self._find_problem(paginator, seal(ids) == request.POST.get(SEAL_FIELD))
        if problem:
            self.message_user(request, problem, messages.ERROR)
            return None
        return super().response_action(request, queryset.filter(pk__in=ids), *more)

    def _find_problem(self, paginator: Any, is_as_shown: bool) -> str | None:
        names = self.opts.verbose_name_plural
        if paginator.is_cut:
            return (
                f"Nothing was done: there are {paginator.count_in_words} {names}, too many for one action. "
                "Narrow the list with filters, then select all."
            )
        if not is_as_shown:
            return (
                f"Nothing was done: the list of {names} has changed and now has {paginator.count} rows. "
                "Check the list and try again."
            )
        return None


class ReadOnlyLists(SealedLists):
    """Rows that nobody makes, changes or deletes in the admin."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def is_for_all(request: HttpRequest) -> bool:
    """Return True if the action applies to all rows of the list. Reads the field as Django's action form does."""
    return any(map(forms.BooleanField().to_python, request.POST.getlist("select_across")))


def ids_of(queryset: QuerySet, most: int) -> list[Any]:
    # In a fixed order, because the seal depends on it.
    return list(queryset.order_by("pk").values_list("pk", flat=True)[:most])


def seal(ids: list[Any]) -> str:
    """Return a hash that is equal for two lists only if they have the same rows."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()
