"""Words anywhere in file name, note or sample: found through the database's own index, whatever the number of images.

PostgreSQL decides by its statistics whether to look a word up or to walk the newest images until enough of them hold
it. For SQLite we decide, by whether the word is rare.
"""

from django.db import connection
from django.db.models import Q

from images.models import Image, ImageQuerySet

SHORTEST_INDEXED = 3
MOST_RARE = 30_000
LATEST = 10_000


def with_text(images: ImageQuerySet, text: str) -> ImageQuerySet:
    """Those that hold every word. Words of one or two characters, which no index knows, are looked for among the
    latest images only, unless a longer one stands beside them."""
    words = text.split()
    indexed = [word for word in words if len(word) >= SHORTEST_INDEXED]
    if not indexed:
        images = images.filter(id__in=_latest_with(words))
    elif connection.vendor == "sqlite":
        rare = _look_up(indexed)
        images = images if rare is None else images.filter(id__in=rare)
    return _holding(images, words)


def _holding(images: ImageQuerySet, words: list[str]) -> ImageQuerySet:
    for word in words:
        images = images.filter(Q(filename__icontains=word) | Q(note__icontains=word) | Q(sample__icontains=word))
    return images


def _latest_with(words: list[str]) -> list[int]:
    """Read at once: as a part of the whole query, it would leave the bound to the database's judgement."""
    latest = Image.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return list(_holding(Image.objects.filter(id__gt=latest - LATEST), words).values_list("id", flat=True))


def _look_up(words: list[str]) -> list[int] | None:
    """The images that hold all the words; None where these are so many that the newest soon show enough of them."""
    wanted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rowid FROM images_text WHERE images_text MATCH %s LIMIT %s", [wanted, MOST_RARE + 1])
        found = [row[0] for row in cursor.fetchall()]
    return found if len(found) <= MOST_RARE else None
