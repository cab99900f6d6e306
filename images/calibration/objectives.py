"""Adds, renames and retires objectives, and chooses the one in use, for all users of the camera."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from folding.names import refuse_alike
from images.errors import EditConflict, ObjectiveMissing, UnfitObjective
from images.models import CurrentObjective, Objective
from images.own_instrument import own_instrument_id


def add_objective(name: str, magnification: float, numerical_aperture: float | None = None) -> Objective:
    """Store a new objective. Raises UnfitObjective if its name, or a name like it, is taken."""
    objective = Objective(name=name, magnification=magnification, numerical_aperture=numerical_aperture)
    _save(objective)
    return objective


def change_objective(objective_id: UUID, seen_revisions: Collection[int] | None = None, **changes: Any) -> Objective:
    """Change `name` or `is_retired`. Never pass other columns: with another magnification, the records of captured
    images would be wrong. `seen_revisions`: change it only if it still has one of these revisions. Raises
    ObjectiveMissing, EditConflict, or UnfitObjective if the name is taken, or if the objective is in use and is to be
    retired."""
    with transaction.atomic():
        objective = find_objective(objective_id, is_to_change=True)
        # Before the revision is compared: a repeated request, whose first response was lost, is no conflict.
        if all(getattr(objective, name) == value for name, value in changes.items()):
            return objective
        if seen_revisions is not None and objective.revision not in seen_revisions:
            raise _describe_conflict(objective)
        if changes.get("is_retired") and CurrentObjective.objects.filter(objective=objective).exists():
            refuse_objective("isRetired", f"{objective.name} is in use. Choose another one on the live page first.")
        for name, value in changes.items():
            setattr(objective, name, value)
        _save(objective)
    return objective


def choose_objective(objective_id: UUID | None, by: AbstractBaseUser) -> None:
    """Set the objective that is in use from now on; None if it is unknown. Raises UnfitObjective."""
    with transaction.atomic():
        if objective_id is not None:
            require_usable(objective_id, is_to_change=True)
        CurrentObjective.objects.update_or_create(
            instrument_id=own_instrument_id(),  # type: ignore[misc]  # None: a PC that is alone
            defaults={"objective_id": objective_id, "chosen_by_id": by.pk},
        )


def require_usable(objective_id: UUID, is_to_change: bool = False) -> Objective:
    """Return the objective that a request names. `is_to_change` locks its row until the transaction ends. Raises
    UnfitObjective if there is none or it is retired."""
    try:
        objective = find_objective(objective_id, is_to_change)
    except ObjectiveMissing as missing:
        raise UnfitObjective(str(missing), {"objective": [str(missing)]}) from missing
    if objective.is_retired:
        refuse_objective("objective", f"{objective.name} is retired.")
    return objective


def find_objective(objective_id: UUID, is_to_change: bool = False) -> Objective:
    """Return the objective. `is_to_change` locks its row until the transaction ends. Raises ObjectiveMissing."""
    objectives = Objective.objects.select_for_update() if is_to_change else Objective.objects.all()
    objective = objectives.filter(pk=objective_id).first()
    if objective is None:
        raise ObjectiveMissing(objective_id)
    return objective


def _describe_conflict(objective: Objective) -> EditConflict:
    """Return the error for a change of an older revision, with the current values."""
    state = "retired" if objective.is_retired else "not retired"
    message = (
        f"Somebody else changed this objective after you last saw it: it is now called {objective.name}, and {state}. "
        "Nothing was saved. Decide, then repeat."
    )
    current = {"revision": objective.revision, "name": objective.name, "isRetired": objective.is_retired}
    return EditConflict(message, current)


def refuse_objective(field: str, sentence: str) -> None:
    """Raise UnfitObjective for this field of the request."""
    raise UnfitObjective(sentence, {field: [sentence]})


def _save(objective: Objective) -> None:
    try:
        with transaction.atomic():
            objective.save()
    except IntegrityError as taken:
        # The unique constraint is on the folded name, so the name that is taken can look different.
        sentence = refuse_alike(Objective.objects.named(objective.name).first() or objective)
        raise UnfitObjective(sentence, {"name": [sentence]}) from taken
