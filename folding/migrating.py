"""Migration steps that fold the texts that older versions stored."""

import logging
from collections.abc import Sequence
from typing import Any

from folding import fold
from folding.fields import fold_lines
from folding.names import ALIKE

FOLDED_AT_ONCE = 5000

logger = logging.getLogger(__name__)


def fold_names(rows: Any, name_field: str) -> None:
    """Fill `folded_name` of all rows. If two names are alike, the first row in the order of `rows` gets the folded
    name. Both names stay as they are, and a warning is logged."""
    owner_by_name: dict[str, str] = {}
    for row in rows:
        name = getattr(row, name_field)
        folded = fold(name)
        owner = owner_by_name.setdefault(folded, name)
        if owner is not name:
            logger.warning(
                "The names %r and %r (%s) differ in nothing but case, width or accents. Both stay, and each is found "
                "by its exact name. Give one of them another name in the admin.",
                owner,
                name,
                row._meta.verbose_name_plural,
            )
            folded = f"{folded}{ALIKE}{row.pk}"
        type(row)._default_manager.filter(pk=row.pk).update(folded_name=folded)


def fold_column(connection: Any, table: str, columns: Sequence[str], into: str) -> None:
    """Fill the column `into` of all rows. Reads FOLDED_AT_ONCE rows at a time, because there may be a million."""
    last_id = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT id, {', '.join(columns)} FROM {table} WHERE id > %s ORDER BY id LIMIT %s",
                [last_id, FOLDED_AT_ONCE],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            # Continue after this id. With OFFSET the database would read all earlier rows again each time.
            last_id = rows[-1][0]
            folded = [(fold_lines(texts), row_id) for row_id, *texts in rows]
            cursor.executemany(f"UPDATE {table} SET {into} = %s WHERE id = %s", folded)


def order_by_code(connection: Any, table: str, column: str) -> None:
    """Make PostgreSQL sort this column by character codes, as SQLite does. It would sort by its server's language."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE text COLLATE "C"')
