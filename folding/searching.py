"""The admin's search, which ignores case, width and the encoding of accents. Databases compare texts differently, so
the texts are read and compared here. Only for small tables, whose rows people add one by one."""

from typing import Any

from django.http import HttpRequest

from folding import fold, words_of

MAX_FOUND = 10_000


class FoldedSearch:
    """For a ModelAdmin: finds rows that contain each word in one of the `search_fields`."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = words_of(search_term)
        if not words:
            return queryset, False
        rows = queryset.values_list("pk", *self.get_search_fields(request))  # type: ignore[attr-defined]
        found = [pk for pk, *texts in rows.iterator() if _holds(texts, words)]
        # A database takes only so many parameters in one query.
        queryset = queryset.filter(pk__in=found[:MAX_FOUND])
        # The admin's page tells the user that there are more.
        queryset.is_cut = len(found) > MAX_FOUND
        return queryset, False


def _holds(texts: list[Any], words: list[str]) -> bool:
    folded = [fold(text or "") for text in texts]
    return all(any(word in text for text in folded) for word in words)
