"""The microscope's objectives: added, renamed, retired, and chosen for all who use the camera."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from images.errors import ObjectiveMissing, UnfitObjective
from images.models import CurrentObjective, Objective
from images.optics import the_optics

THE_ROW = 1


def add_objective(name: str, magnification: float, numerical_aperture: float | None = None) -> Objective:
    """Raises UnfitObjective where the name is taken."""
    objective = Objective(name=name, magnification=magnification, numerical_aperture=numerical_aperture)
    _save(objective)
    return objective


def change_objective(objective_id: UUID, **changes: Any) -> Objective:
    """Change name or retirement, and nothing else: a magnification that changed would belie what was captured with
    it. Raises ObjectiveMissing, or UnfitObjective where the name is taken or the objective is in use."""
    with transaction.atomic():
        objective = find_objective(objective_id, is_to_change=True)
        if changes.get("is_retired") and CurrentObjective.objects.filter(objective=objective).exists():
            refuse_objective("isRetired", f"{objective.name} is in use. Choose another one on the live page first.")
        for name, value in changes.items():
            setattr(objective, name, value)
        _save(objective)
    the_optics().note_change()
    return objective


def choose_objective(objective_id: UUID | None, by: AbstractBaseUser) -> None:
    """Say which objective is in use from now on; None where nobody knows. Raises UnfitObjective."""
    with transaction.atomic():
        if objective_id is not None:
            demand_usable(objective_id, is_to_change=True)
        CurrentObjective.objects.update_or_create(
            id=THE_ROW, defaults={"objective_id": objective_id, "chosen_by_id": by.pk}
        )
    the_optics().note_change()


def demand_usable(objective_id: UUID, is_to_change: bool = False) -> Objective:
    """The objective that a request names. Raises UnfitObjective where it cannot be used."""
    try:
        objective = find_objective(objective_id, is_to_change)
    except ObjectiveMissing as missing:
        raise UnfitObjective(str(missing), {"objective": [str(missing)]}) from missing
    if objective.is_retired:
        refuse_objective("objective", f"{objective.name} is retired.")
    return objective


def find_objective(objective_id: UUID, is_to_change: bool = False) -> Objective:
    """`is_to_change` holds its row until the transaction ends. Raises ObjectiveMissing."""
    objectives = Objective.objects.select_for_update() if is_to_change else Objective.objects.all()
    objective = objectives.filter(pk=objective_id).first()
    if objective is None:
        raise ObjectiveMissing(objective_id)
    return objective


def refuse_objective(field: str, sentence: str) -> None:
    raise UnfitObjective(sentence, {field: [sentence]})


def _save(objective: Objective) -> None:
    try:
        with transaction.atomic():
            objective.save()
    except IntegrityError as taken:
        sentence = f"There is an objective {objective.name} already."
        raise UnfitObjective(sentence, {"name": [sentence]}) from taken
