"""The tables of objectives, as 0001 to 0029 make them."""

import uuid

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

OBJECTIVE = migrations.CreateModel(
    name="Objective",
    fields=[
        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
        ("name", models.CharField(max_length=100, unique=True)),
        ("magnification", models.FloatField(help_text="As engraved on the objective.")),
        ("numerical_aperture", models.FloatField(blank=True, null=True)),
        (
            "is_retired",
            models.BooleanField(default=False, help_text="A retired objective can no longer be chosen or calibrated."),
        ),
        ("created_at", models.DateTimeField(auto_now_add=True)),
        ("folded_name", models.TextField(editable=False, help_text="The name, folded: no two are alike.", unique=True)),
    ],
    options={
        "db_table": "objectives",
        "ordering": ["is_retired", "magnification", "folded_name"],
        "permissions": [("calibrate_objective", "Can keep objectives and calibrate them")],
    },
)
CALIBRATION = migrations.CreateModel(
    name="Calibration",
    fields=[
        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
        ("camera_serial_number", models.CharField(max_length=100)),
        ("camera_model", models.CharField(max_length=100)),
        ("um_per_pixel", models.FloatField(verbose_name="micrometres per pixel")),
        ("uncertainty_um", models.FloatField(help_text="Standard uncertainty of the size of a pixel.", null=True)),
        ("length_um", models.FloatField()),
        ("pixels", models.FloatField()),
        ("made_at", models.DateTimeField()),
        (
            "image_record_id",
            models.UUIDField(help_text="Record id of the image on which the calibration was drawn.", null=True),
        ),
        (
            "image",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="images.image"
            ),
        ),
        (
            "made_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        (
            "objective",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="calibrations",
                to="images.objective",
            ),
        ),
    ],
    options={
        "db_table": "calibrations",
        "indexes": [
            models.Index(
                fields=["objective", "camera_serial_number", "camera_model", "made_at"], name="calibrations_in_force"
            )
        ],
    },
)
CURRENT_OBJECTIVE = migrations.CreateModel(
    name="CurrentObjective",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("chosen_at", models.DateTimeField(auto_now=True)),
        (
            "chosen_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        (
            "objective",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="images.objective"
            ),
        ),
        (
            "instrument",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="images.instrument",
            ),
        ),
    ],
    options={
        "db_table": "current_objective",
        "constraints": [
            models.UniqueConstraint(
                django.db.models.functions.comparison.Coalesce(
                    "instrument", models.Value(uuid.UUID("00000000-0000-0000-0000-000000000000"))
                ),
                name="current_objective_of_instrument",
            )
        ],
    },
)
