"""Find images by words anywhere in their searched texts, with the text indexes of SQLite and PostgreSQL.

Stored texts and the words of a query are folded in the same way (folding), so case, width and the way accents are
written make no difference, on every database.

SQLite's index is in the order of time (migration 0012), so it returns the newest matches first. PostgreSQL's index has
no order: it returns all images that contain a word, which is quick only if they are few.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from images.models import Image

# The row number of an image in SQLite's text index. SQLite uses an index on an expression only if the query contains
# exactly the same expression, so this text must stay as in the migration. The empty substr of a whole second, for which
# Django writes no fraction, counts as 0.
PLACE = (
    "((CAST(strftime('%s', substr(images.captured_at, 1, 19)) AS INTEGER) * 1000 "
    "+ CAST(substr(images.captured_at, 21, 3) AS INTEGER)) * 32768 + images.id % 32768)"
)
MIN_INDEXED_LENGTH = 3
MAX_RARE_COUNT = 30_000
MILLISECOND = timedelta(milliseconds=1)
MOMENT = timedelta(microseconds=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
IDS_IN_A_MILLISECOND = 32768


@dataclass(frozen=True, slots=True)
class Candidates:
    """Images that may contain the words, from the start of the lookup to `reached` inclusive. None: to the end."""

    image_ids: list[int]
    reached: datetime | None


def indexed_of(words: list[str]) -> list[str]:
    return [word for word in words if len(word) >= MIN_INDEXED_LENGTH]


def holding(words: list[str]) -> Q:
    """Return the condition that an image contains all these words."""
    held = Q()
    for word in words:
        # The index finds three characters and more, and only as candidates. This condition decides.
        held &= Q(search_text__contains=word)
    return held


def find_candidates(words: list[str], most: int, start: datetime, is_newest_first: bool) -> Candidates:
    """Return up to `most` images from SQLite's text index, beginning at the time `start`.

    If there are more, some of the last millisecond may be missing, so `reached` ends before that millisecond.
    """
    start_ms = (start - BEGINNING) // MILLISECOND
    if is_newest_first:
        # The row number is the millisecond times 32768, plus a part of the id. So these bounds contain the whole
        # millisecond.
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
    """Return True if PostgreSQL expects so few images with these words that it can look all of them up for one page.

    The number is the planner's estimate, which costs no search.
    """
    plan = json.loads(Image.objects.filter(holding(words)).values("id").order_by().explain(format="json"))
    return plan[0]["Plan"]["Plan Rows"] <= MAX_RARE_COUNT


def in_no_index_order(is_newest_first: bool) -> tuple[Combinable | str, ...]:
    """Return an ordering by time that no index of PostgreSQL has.

    PostgreSQL underestimates how far it would have to walk the index of times. Without that index it uses the words.
    """
    moment = F("captured_at") + timedelta(0)
    return (moment.desc(), "-id") if is_newest_first else (moment.asc(), "id")


def _match(words: list[str], rest: str, values: list[int]) -> list[tuple[int, int]]:
    """Return (image id, row number in the text index) for images with these words. `rest`: more SQL, with `values`."""
    # In quotes, a word is literal text for SQLite's query language.
    wanted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    # The "+" removes the column's type. With a type SQLite would not use the index that leads from the row number to
    # the image.
    place = PLACE.replace("%", "%%")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT images.id, images_text.rowid FROM images_text CROSS JOIN images ON {place} = +images_text.rowid "
            f"WHERE images_text MATCH %s {rest}",
            [wanted, *values],
        )
        return cursor.fetchall()
