"""Count the images that are new since a client last looked. Cheap enough that every open page can poll it.

Ids only grow, so new images are read from the end of the ids. At most EXAMINED_AT_ONCE of them are compared with the
filters.
"""

import re
from dataclasses import dataclass

from django.http import QueryDict

from images.models import MAX_ID, Image
from images.search.filters import bad_query, read_search

EXAMINED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Newer:
    """`count` new images match, up to the id `newest_id`. `is_more`: there are newer images that were not examined."""

    count: int
    newest_id: int
    is_more: bool = False


def find_newest_id() -> int:
    """Return the largest image id, or 0 if there are no images."""
    return Image.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def find_newer(query: QueryDict) -> Newer:
    """Count the images that match the filters and have an id above `after`. Raises BadQuery that names the field."""
    search = read_search(query, beside=("after",))
    after = _read_after(query.get("after"))
    came = Image.objects.filter(pk__gt=after).order_by("pk").values_list("pk", "captured_at")
    # One more than is examined: it tells if there are more.
    moments = dict(came[: EXAMINED_AT_ONCE + 1])
    looked_at = list(moments)[:EXAMINED_AT_ONCE]
    if not looked_at:
        return Newer(0, after)
    # Without a bound in time, a database that chooses the index of times would walk all of it.
    since = min(moments[image_id] for image_id in looked_at)
    # Without an order, the database may start from these ids.
    fits = search.up_to(since).images.filter(pk__in=looked_at).order_by()
    count = len(fits.values_list("pk", flat=True))
    return Newer(count, looked_at[-1], len(moments) > EXAMINED_AT_ONCE)


def _read_after(text: str | None) -> int:
    if text is None:
        return 0
    if not re.fullmatch("[0-9]{1,16}", text) or int(text) > MAX_ID:
        raise bad_query({"after": ["Must be an image id or 0."]})
    return int(text)
