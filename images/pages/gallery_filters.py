"""The filters in the address of gallery, bin and image: read for the search, shown in words, taken away singly."""

import re
from collections.abc import Iterable
from datetime import date, timedelta, tzinfo
from itertools import chain
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from images.models import Instrument, Job, Objective
from images.search.filter_fields import midnight
from images.search.filters import ImageFilter

# The page has its own date fields (`DAYS`), and the bin is a page of its own.
NOT_ON_PAGE = ("day", "capturedAfter", "capturedBefore", "idMin", "idMax", "binned")
# The filters that the address of the page may contain, with their labels.
WORDS = {name: known.label for name, known in ImageFilter.base_filters.items() if name not in NOT_ON_PAGE}
WORDS["cursor"] = "Place in the list"
# The filters that have a control on the page, by the control whose cross clears them.
CONTROLS = {
    "user": ["user"],
    "taken": ["from", "to"],
    "exposure": ["exposureMin", "exposureMax"],
    "format": ["format"],
    "text": ["text"],
    "instrument": ["instrument"],
    "simulated": ["simulated"],
}
# The API's end is exclusive. The page's day is inclusive, so it ends when the next day begins.
DAYS = {"from": ("capturedAfter", timedelta(0)), "to": ("capturedBefore", timedelta(days=1))}


def read_filters(asked: QueryDict, zone: tzinfo) -> tuple[QueryDict, list[str]]:
    """Translate the address of the page to parameters of the API. Returns them, and a message for each invalid day."""
    query, problems = QueryDict(mutable=True), []
    for name in WORDS:
        if value := asked.get(name, "").strip():
            query[name] = value
    for name, (field, shift) in DAYS.items():
        try:
            if text := asked.get(name, "").strip():
                query[field] = midnight(date.fromisoformat(text) + shift, zone).isoformat()
        except (ValueError, OverflowError):
            # A page with a wrong filter still shows images. Only the API refuses the whole request.
            problems.append(f"Taken {name}: Invalid day. Write it as 2025-01-16.")
    return query, problems


def page_filters(asked: QueryDict) -> QueryDict:
    """Return the filters of the page's address, without the cursor."""
    kept = QueryDict(mutable=True)
    for name in (*WORDS, *DAYS):
        if name != "cursor" and (value := asked.get(name, "").strip()):
            kept[name] = value
    return kept


def addresses_without(asked: QueryDict) -> dict[str, str]:
    """Return the address to which the cross of each control leads: the page without that filter."""
    return {name: gallery_address(without(page_filters(asked), *fields)) for name, fields in CONTROLS.items()}


def describe_chips(asked: QueryDict, page: str, has_instruments: bool = False) -> Iterable[dict[str, str]]:
    """Yield the filters in the address of a page that have no control on it. `has_instruments`: the page has a control
    for the instrument."""
    filters = page_filters(asked)
    controlled = set(chain.from_iterable(CONTROLS.values())) - (set() if has_instruments else {"instrument"})
    for name in WORDS:
        if name in filters and name not in controlled:
            value = str(filters[name])
            rest = without(filters, name).urlencode()
            yield {
                "name": name,
                "word": WORDS[name],
                "asked": value,
                "value": NAMED[name](value) if name in NAMED else value,
                "without": f"{page}?{rest}" if rest else page,
            }


def name_objective(text: str) -> str:
    """Return the name of the objective with this id, or the text if there is none."""
    try:
        objective = Objective.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return text
    return objective.name if objective else text


def name_job(text: str) -> str:
    """Return the name of the job with this id, or the text if there is none."""
    job = Job.objects.filter(pk=text).first() if re.fullmatch("[0-9]{1,15}", text) else None
    return job.name if job else text


def name_instrument(text: str) -> str:
    """Return the name of the instrument with this id, or the text if there is none."""
    try:
        return Instrument.objects.values_list("name", flat=True).get(pk=UUID(text))
    except (ValueError, Instrument.DoesNotExist):
        return text


# What has a name of its own is called by it.
NAMED = {"objective": name_objective, "job": name_job, "instrument": name_instrument}


def gallery_address(filters: QueryDict) -> str:
    address = reverse("gallery")
    return f"{address}?{filters.urlencode()}" if filters else address


def without(query: QueryDict, *names: str) -> QueryDict:
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest
