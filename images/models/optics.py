"""The tables of objectives and calibrations."""

import uuid
from zlib import crc32

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce

from folding.names import NamedModel, NamedQuerySet
from images.errors import CalibrationFixed
from images.models.instruments import Instrument


class Objective(NamedModel):
    """A lens of the microscope. The size of a pixel comes from its calibrations, never from its magnification."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    magnification = models.FloatField(help_text="As engraved on the objective.")
    numerical_aperture = models.FloatField(null=True, blank=True)
    is_retired = models.BooleanField(
        default=False, help_text="A retired objective can no longer be chosen or calibrated."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NamedQuerySet.as_manager()

    class Meta:
        db_table = "objectives"
        ordering = ["is_retired", "magnification", "folded_name"]
        permissions = [("calibrate_objective", "Can keep objectives and calibrate them")]

    def __str__(self) -> str:
        return self.name

    @property
    def revision(self) -> int:
        """A number that differs after each change of name or retirement. It is computed from these two, so that it is
        the same after a rebuild."""
        return crc32(f"{self.is_retired} {self.name}".encode())


class CalibrationQuerySet(models.QuerySet["Calibration"]):
    def newest_first(self) -> "CalibrationQuerySet":
        return self.order_by("-made_at", "-id")

    def of_camera(self, serial_number: str, model: str) -> "CalibrationQuerySet":
        """Return the calibrations of exactly this camera. The newest one of an objective is in force."""
        return self.filter(camera_serial_number=serial_number, camera_model=model)


class Calibration(models.Model):
    """The size of a pixel through one objective on one camera. It is never edited: a new one replaces it, and images
    keep the calibration that was in force when they were taken.

    A user drew a line along a known length, `length_um`. `pixels` is the length of that line in pixels of the sensor
    (pixels of the image times the binning). So `um_per_pixel`, at binning 1, is `length_um / pixels`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="calibrations", db_index=False)
    camera_serial_number = models.CharField(max_length=100)
    camera_model = models.CharField(max_length=100)
    um_per_pixel = models.FloatField("micrometres per pixel")
    uncertainty_um = models.FloatField(null=True, help_text="Standard uncertainty of the size of a pixel.")
    length_um = models.FloatField()
    pixels = models.FloatField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    image = models.ForeignKey("Image", on_delete=models.SET_NULL, null=True, related_name="+")
    image_record_id = models.UUIDField(
        null=True, help_text="Record id of the image on which the calibration was drawn."
    )

    objects = CalibrationQuerySet.as_manager()

    class Meta:
        db_table = "calibrations"
        indexes = [
            models.Index(
                fields=["objective", "camera_serial_number", "camera_model", "made_at"], name="calibrations_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.objective}: {self.um_per_pixel:g} \N{MICRO SIGN}m/px"

    def save(self, *args, **options) -> None:
        """Insert the calibration. Raises CalibrationFixed if it is stored already."""
        if not self._state.adding:
            raise CalibrationFixed
        super().save(*args, **{**options, "force_insert": True})


# Stands for the instrument of a PC that is alone, where a column must not be empty to be unique.
NONE = uuid.UUID(int=0)


class CurrentObjective(models.Model):
    """The objective in use, in one row for each instrument. A PC that is alone has one row without an instrument."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, null=True, related_name="+")
    chosen_at = models.DateTimeField(auto_now=True)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "current_objective"
        constraints = [
            models.UniqueConstraint(Coalesce("instrument", Value(NONE)), name="current_objective_of_instrument")
        ]

    def __str__(self) -> str:
        return str(self.objective)
