"""Objectives, their calibrations, the one in use, and what of it each image keeps; managers may calibrate."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def let_managers_calibrate(apps, schema_editor):
    """Django makes permissions only after all migrations, so the one needed here is made now."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="images", model="objective"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type,
        codename="calibrate_objective",
        defaults={"name": "Can keep objectives and calibrate them"},
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="managers")
    group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0003_note_sample_bin"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Objective",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, unique=True)),
                ("magnification", models.FloatField(help_text="As engraved.")),
                ("numerical_aperture", models.FloatField(blank=True, null=True)),
                (
                    "is_retired",
                    models.BooleanField(default=False, help_text="It can be neither chosen nor calibrated any more."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "objectives",
                "ordering": ["is_retired", "magnification", "name"],
                "permissions": [("calibrate_objective", "Can keep objectives and calibrate them")],
            },
        ),
        migrations.AddField(
            model_name="image",
            name="um_per_pixel_x",
            field=models.FloatField(blank=True, help_text="Along the image's rows; empty if unknown.", null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="um_per_pixel_y",
            field=models.FloatField(blank=True, help_text="Along its columns; empty if unknown.", null=True),
        ),
        migrations.CreateModel(
            name="Calibration",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("camera_serial_number", models.CharField(max_length=100)),
                ("camera_model", models.CharField(max_length=100)),
                ("um_per_pixel", models.FloatField()),
                ("uncertainty_um", models.FloatField(help_text="Standard uncertainty of um_per_pixel.", null=True)),
                ("length_um", models.FloatField()),
                ("pixels", models.FloatField()),
                ("made_at", models.DateTimeField()),
                (
                    "image_record_id",
                    models.UUIDField(help_text="Of the image it was drawn on, listed or not.", null=True),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            },
        ),
        migrations.AddField(
            model_name="image",
            name="calibration",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.calibration",
            ),
        ),
        migrations.CreateModel(
            name="CurrentObjective",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chosen_at", models.DateTimeField(auto_now=True)),
                (
                    "chosen_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "objective",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="images.objective"
                    ),
                ),
            ],
            options={
                "db_table": "current_objective",
            },
        ),
        migrations.AddField(
            model_name="image",
            name="objective",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.objective",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", True)),
                fields=["objective", "captured_at", "id"],
                name="images_shown_objective",
            ),
        ),
        migrations.AddConstraint(
            model_name="currentobjective",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="current_objective_is_one_row"),
        ),
        migrations.AddIndex(
            model_name="calibration",
            index=models.Index(
                fields=["objective", "camera_serial_number", "camera_model", "made_at"], name="calibrations_in_force"
            ),
        ),
        migrations.RunPython(let_managers_calibrate, migrations.RunPython.noop),
    ]
