"""Names of rows: people write them as they like, but no two are alike when folded.

Rows from before this rule may be alike. Each keeps its name and is found by it; the folded name of the newer row has
the row's id appended, after a line break, which no folded text contains.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models

from folding import fold

ALIKE = "\n"


class NamedQuerySet(models.QuerySet):
    model: Any

    def named(self, name: str) -> Self:
        """Return the row with exactly this name, or else the row whose folded name is the same; at most one row."""
        # The exact name first: rows from before the rule can be alike when folded.
        exact = self.filter(**{self.model.NAME: name})
        return exact if exact.exists() else self.filter(folded_name=fold(name))

    def update(self, **values: Any) -> int:
        """If the name is updated, update the folded name too."""
        if self.model.NAME in values:
            values["folded_name"] = fold(values[self.model.NAME])
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> Any:
        rows = list(objs)
        for row in rows:
            row.fold_name()
        return super().bulk_create(rows, *args, **options)

    bulk_create.alters_data = True  # type: ignore[attr-defined]


class NamedModel(models.Model):
    """`NAME` is the field that holds the name. Sorting by `folded_name` gives the same order on every database."""

    NAME: ClassVar[str] = "name"

    folded_name = models.TextField(unique=True, editable=False, help_text="The name, folded: no two are alike.")

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        fields = options.get("update_fields")
        if fields is None or self.NAME in fields:
            self.fold_name()
            if fields is not None:
                # Otherwise Django would save the name but not the folded one.
                options["update_fields"] = {*fields, "folded_name"}
        super().save(*args, **options)

    def fold_name(self) -> None:
        """Set the folded name. It stays if the name did not change: it may be one of two alike from before the rule."""
        folded = fold(getattr(self, self.NAME))
        if self.folded_name.partition(ALIKE)[0] != folded:
            self.folded_name = folded

    def validate_unique(self, exclude: Any = None) -> None:
        """Also check the folded name. Django leaves it out, because forms do not show it."""
        super().validate_unique(exclude)
        if self.NAME in (exclude or ()):
            return
        self.fold_name()
        alike = type(self)._default_manager.filter(folded_name=self.folded_name).exclude(pk=self.pk).first()
        if alike:
            raise ValidationError({self.NAME: refuse_alike(alike)})


def refuse_alike(row: NamedModel) -> str:
    """Return the message for a name that is like the name of this row."""
    return f"This name is taken by the {row._meta.verbose_name} {getattr(row, row.NAME)}."
