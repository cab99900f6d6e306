"""The tables of `manage.py verify`, as 0001 to 0029 make them."""

import django.db.models.deletion
from django.db import migrations, models

VERIFICATION = migrations.CreateModel(
    name="Verification",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        (
            "state",
            models.CharField(
                choices=[
                    ("running", "Running"),
                    ("interrupted", "Interrupted"),
                    ("finished", "Finished"),
                    ("given up", "Given Up"),
                ],
                default="running",
                max_length=20,
            ),
        ),
        ("started_at", models.DateTimeField(auto_now_add=True)),
        ("started_by", models.CharField(blank=True, help_text="Account on the computer that ran it.", max_length=150)),
        ("seen_at", models.DateTimeField(auto_now_add=True, help_text="When the progress was last saved.")),
        ("finished_at", models.DateTimeField(null=True)),
        ("seconds", models.FloatField(default=0, help_text="How long the run worked, without interruptions.")),
        ("last_image_id", models.BigIntegerField(default=0, help_text="Images up to this id have been read again.")),
        (
            "last_day",
            models.CharField(blank=True, help_text="Folders up to this day have been looked through.", max_length=10),
        ),
        ("image_count", models.PositiveIntegerField(default=0, help_text="Originals that were read again.")),
        ("byte_count", models.BigIntegerField(default=0)),
        ("file_count", models.PositiveIntegerField(default=0, help_text="Files that were looked at in the folders.")),
        ("counts", models.JSONField(default=dict, help_text="Number of findings of each kind.")),
        (
            "in_store_count",
            models.PositiveIntegerField(
                default=0, help_text="Of these, originals that are only in the store, and were not read."
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
        "db_table": "verifications",
        "ordering": ["-id"],
    },
)
FINDING = migrations.CreateModel(
    name="Finding",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        (
            "kind",
            models.CharField(
                choices=[
                    ("missing", "Missing"),
                    ("changed", "Changed"),
                    ("differs", "Differs"),
                    ("unknown", "Unknown"),
                    ("orphaned", "Orphaned"),
                    ("stray", "Stray"),
                ],
                max_length=10,
            ),
        ),
        ("place", models.CharField(help_text="Path of the file, relative to the folder of images.", max_length=300)),
        ("detail", models.TextField(blank=True)),
        ("found_at", models.DateTimeField(auto_now_add=True)),
        (
            "image",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="images.image"
            ),
        ),
        (
            "verification",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="findings", to="images.verification"
            ),
        ),
    ],
    options={
        "db_table": "verification_findings",
        "indexes": [models.Index(fields=["verification", "kind"], name="findings_of_kind")],
    },
)
