"""Lists what the store has in several objects, each with a number: changes of an image, parts of the file of a job."""

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
    """Yield the objects of each id, by their numbers. `read_key` returns id and number; None: `report` is told that it
    is no key of `what`. Raises StoreError."""
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
