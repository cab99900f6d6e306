"""Brings objectives, calibrations and the choice of an objective from another database. They keep their ids."""

from uuid import UUID

from django.db import transaction

from images.index.rebuild.restore_optics import describe_drawn_calibration, restore_drawn_calibration, restore_optics
from images.models import Calibration, CurrentObjective, Objective
from images.record.optics import describe_objective


@transaction.atomic
def bring_optics(source: str, instrument_id: UUID) -> int:
    """Bring what is missing here, also objectives and calibrations that no image uses. Returns the number of new
    objectives. If the name of an objective is taken, a part of its id is added. Raises Django's DatabaseError."""
    before = set(Objective.objects.values_list("pk", flat=True))
    old_ones = list(Objective.objects.using(source))
    for objective in old_ones:
        restore_optics({"objective": describe_objective(objective)})
    drawn = Calibration.objects.using(source).select_related("objective", "made_by").order_by("made_at")
    for calibration in drawn:
        restore_drawn_calibration(describe_drawn_calibration(calibration))
    # Only new ones are retired: an objective that was here before may be in use on another instrument.
    new = [objective.pk for objective in old_ones if objective.pk not in before]
    retired = [objective.pk for objective in old_ones if objective.is_retired]
    Objective.objects.filter(pk__in=set(new) & set(retired)).update(is_retired=True)
    _bring_choice(source, instrument_id)
    return len(new)


def _bring_choice(source: str, instrument_id: UUID) -> None:
    chosen = CurrentObjective.objects.using(source).first()
    if chosen and chosen.objective_id and Objective.objects.filter(pk=chosen.objective_id).exists():
        CurrentObjective.objects.get_or_create(
            instrument_id=instrument_id, defaults={"objective_id": chosen.objective_id}
        )
