"""A column that holds the folded text of other columns, for the search."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from folding import fold

BETWEEN = "\n"


class FoldedField(models.TextField):
    """`of` names the fields that it holds, one per line. `save` and `bulk_create` write it; `update` does not."""

    def __init__(self, *args: Any, of: Sequence[str] = (), **options: Any) -> None:
        self.of = list(of)
        # Null until `save` or a migration has filled it.
        super().__init__(*args, **{"editable": False, "null": True, **options})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "of": self.of}

    def pre_save(self, row: models.Model, add: bool) -> str:
        folded = fold_lines([getattr(row, name) for name in self.of])
        setattr(row, self.attname, folded)
        return folded


def fold_lines(texts: Sequence[str]) -> str:
    return BETWEEN.join(fold(text) for text in texts)
