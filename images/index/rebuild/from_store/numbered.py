"""Lists things that are several objects in the store, each with a number: the changes of an image, the parts of a job's
file."""

from collections.abc import Callable, Iterator
from itertools import groupby
from uuid import UUID

from images.store.client import Store
from images.store.objects import ListedObject

Numbered = dict[int, ListedObject]


def list_numbered(
    store: Store,
    beginning: str,
    read_key: Callable[[str], tuple[UUID, int] | None],
    what: str,
    report: Callable[[str], None],
) -> Iterator[tuple[UUID, Numbered]]:
    """Yield the objects of each id, ordered by number. `read_key` returns id and number of a key; None: it is no key of
    `what`, and `report` is called with a sentence. Raises StoreError."""
    named = ((read_key(listed.key), listed) for listed in store.list_objects(beginning))
    for one_id, some in groupby(named, lambda one: one[0][0] if one[0] else None):
        numbered = {}
        for key, listed in some:
            if key is None:
                report(f"{listed.key} is not how this program names {what}.")
            else:
                numbered[key[1]] = listed
        if one_id:
            yield one_id, numbered
