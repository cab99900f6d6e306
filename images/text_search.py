"""Words anywhere in file name, note or sample, and how the databases' own indexes lead to the images that hold them.

SQLite's index is in the order of time (migration 0007), so that it gives the newest at once. PostgreSQL's knows no
order: it gives all images that hold a word, which is quick where they are few.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

from django.db import connection
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from images.models import Image, ImageQuerySet

# An index is found by the words it was made with.
PLACE: str = import_module("images.migrations.0007_text_in_time").PLACE.replace("{of}", "images.")
SHORTEST_INDEXED = 3
MOST_RARE = 30_000
LATEST = 10_000
MILLISECOND = timedelta(milliseconds=1)
MOMENT = timedelta(microseconds=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
IDS_IN_A_MILLISECOND = 32768


@dataclass(frozen=True, slots=True)
class Candidates:
    """Images that may hold the words: of all from where they were asked up to `reached`, itself included; None: to the
    end."""

    image_ids: list[int]
    reached: datetime | None


def with_text(images: ImageQuerySet, text: str) -> ImageQuerySet:
    """Those that hold every word; all of them for a text without one. Words of one or two characters, which no index
    knows, are looked for among the latest images only, unless a longer one stands beside them."""
    words = text.split()
    indexed = indexed_of(words)
    if words and not indexed:
        images = images.filter(id__in=_latest_with(words))
    elif indexed and connection.vendor == "sqlite":
        rare = _look_up(indexed, MOST_RARE)
        images = images if rare is None else images.filter(id__in=rare)
    return images.filter(holding(words))


def indexed_of(words: list[str]) -> list[str]:
    return [word for word in words if len(word) >= SHORTEST_INDEXED]


def holding(words: list[str]) -> Q:
    """That all these words stand in an image."""
    held = Q()
    for word in words:
        held &= Q(filename__icontains=word) | Q(note__icontains=word) | Q(sample__icontains=word)
    return held


def find_candidates(words: list[str], most: int, start: datetime, is_newest_first: bool) -> Candidates:
    """From SQLite's index, beginning with those of the moment `start`. Of the last millisecond some may be lacking, so
    it does not count as reached."""
    start_ms = (start - BEGINNING) // MILLISECOND
    if is_newest_first:
        bound, place, order = "<=", (start_ms + 1) * IDS_IN_A_MILLISECOND - 1, "DESC"
    else:
        bound, place, order = ">=", start_ms * IDS_IN_A_MILLISECOND, "ASC"
    rows = _match(words, f"AND images_text.rowid {bound} %s ORDER BY images_text.rowid {order} LIMIT %s", [place, most])
    image_ids = [image_id for image_id, _ in rows]
    if len(rows) < most:
        return Candidates(image_ids, None)
    last = BEGINNING + rows[-1][1] // IDS_IN_A_MILLISECOND * MILLISECOND
    return Candidates(image_ids, last + MILLISECOND if is_newest_first else last - MOMENT)


def is_rare(words: list[str]) -> bool:
    """Whether PostgreSQL, which knows without looking, expects so few images with these words that all of them can be
    looked up for a page."""
    plan = json.loads(Image.objects.filter(holding(words)).values("id").order_by().explain(format="json"))
    return plan[0]["Plan"]["Plan Rows"] <= MOST_RARE


def in_no_index_order(is_newest_first: bool) -> tuple[Combinable | str, ...]:
    """PostgreSQL misjudges how far it would have to walk. An order that no index has makes it look the words up."""
    moment = F("captured_at") + timedelta(0)
    return (moment.desc(), "-id") if is_newest_first else (moment.asc(), "id")


def _latest_with(words: list[str]) -> list[int]:
    """Read at once: as a part of the whole query, it would leave the bound to the database's judgement."""
    latest = Image.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return list(Image.objects.filter(holding(words), id__gt=latest - LATEST).values_list("id", flat=True))


def _look_up(words: list[str], most: int) -> list[int] | None:
    """The images that hold all the words; None where these are more."""
    rows = _match(words, "ORDER BY images_text.rowid DESC LIMIT %s", [most + 1])
    return [image_id for image_id, _ in rows] if len(rows) <= most else None


def _match(words: list[str], rest: str, values: list[int]) -> list[tuple[int, int]]:
    """Numbers of images, and their places in time."""
    wanted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    # The sign spares the place a type, which would hide the index that leads from it to the image.
    place = PLACE.replace("%", "%%")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT images.id, images_text.rowid FROM images_text CROSS JOIN images ON {place} = +images_text.rowid "
            f"WHERE images_text MATCH %s {rest}",
            [wanted, *values],
        )
        return cursor.fetchall()
