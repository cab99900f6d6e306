"""The table of images, as 0001 to 0029 make it."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

IMAGE = migrations.CreateModel(
    name="Image",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("filename", models.CharField(max_length=100, unique=True)),
        ("thumbnail_path", models.CharField(blank=True, max_length=200)),
        ("captured_at", models.DateTimeField()),
        ("x_position", models.FloatField(blank=True, null=True)),
        ("y_position", models.FloatField(blank=True, null=True)),
        ("z_position", models.FloatField(blank=True, null=True)),
        ("exposure_ms", models.FloatField(db_column="exposure_time")),
        ("gain_db", models.FloatField(db_column="gain")),
        ("file_size", models.BigIntegerField(help_text="Size of the file in bytes.")),
        ("width", models.PositiveIntegerField()),
        ("height", models.PositiveIntegerField()),
        ("metadata", models.JSONField(default=dict, help_text="The record inside the file.")),
        ("record_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
        ("sha256", models.CharField(max_length=64)),
        ("image_format", models.CharField(db_column="format", max_length=8)),
        ("is_simulated", models.BooleanField()),
        ("is_adopted", models.BooleanField(default=False, help_text="The row was made later, from the file.")),
        ("created_at", models.DateTimeField(auto_now_add=True)),
        (
            "user",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        (
            "job",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.job",
            ),
        ),
        ("binned_at", models.DateTimeField(blank=True, help_text="When the image was moved to the bin.", null=True)),
        (
            "binned_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        ("note", models.TextField(blank=True, default="")),
        (
            "sample",
            models.CharField(blank=True, default="", help_text="What lies under the microscope.", max_length=200),
        ),
        (
            "um_per_pixel_x",
            models.FloatField(
                blank=True, help_text="Horizontal size of a pixel in micrometres; empty if unknown.", null=True
            ),
        ),
        (
            "um_per_pixel_y",
            models.FloatField(
                blank=True, help_text="Vertical size of a pixel in micrometres; empty if unknown.", null=True
            ),
        ),
        (
            "calibration",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.calibration",
            ),
        ),
        (
            "objective",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.objective",
            ),
        ),
        (
            "revision",
            models.PositiveIntegerField(
                editable=False, help_text="How often the image was changed. Its sidecar has the same number.", null=True
            ),
        ),
        (
            "idempotency_key",
            models.CharField(
                blank=True,
                editable=False,
                help_text="The key that the client gave its request. It is removed after a day or more.",
                max_length=200,
                null=True,
            ),
        ),
        (
            "binned_run_day",
            models.PositiveIntegerField(
                editable=False,
                help_text="The count of run days when the sweep first saw the image in the bin.",
                null=True,
            ),
        ),
        (
            "changed_since_capture",
            models.BooleanField(
                editable=False,
                help_text="True if the pixels differ from those of the capture; empty if unknown.",
                null=True,
            ),
        ),
        (
            "search_text",
            models.TextField(
                editable=False, help_text="File name and searched texts, in the form that searches compare.", null=True
            ),
        ),
        (
            "key_run_day",
            models.PositiveIntegerField(
                editable=False, help_text="The count of run days when the sweep first saw the key.", null=True
            ),
        ),
        (
            "job_slot",
            models.PositiveBigIntegerField(
                blank=True,
                editable=False,
                help_text="The image's place in the plan of its job, counted from 0.",
                null=True,
            ),
        ),
        (
            "place",
            models.CharField(
                choices=[
                    ("both", "on the instrument and in the store"),
                    ("store", "in the store"),
                    ("conflict", "the store has other bytes"),
                    ("lost", "lost by the store"),
                ],
                editable=False,
                max_length=8,
                null=True,
            ),
        ),
        ("store_key", models.CharField(editable=False, max_length=300, null=True)),
        ("stored_at", models.DateTimeField(editable=False, help_text="When the store said that it has it.", null=True)),
        (
            "verified_at",
            models.DateTimeField(
                editable=False, help_text="When it was last read back from the store and found whole.", null=True
            ),
        ),
        ("evicted_at", models.DateTimeField(editable=False, help_text="When the original left this disk.", null=True)),
        (
            "stored_revision",
            models.PositiveIntegerField(
                editable=False, help_text="The last revision of its changes that is in the store.", null=True
            ),
        ),
        (
            "wanted_at",
            models.DateTimeField(
                editable=False,
                help_text="When somebody elsewhere asked for it. Those go to the store first.",
                null=True,
            ),
        ),
        (
            "instrument",
            models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The PC that captured it. Empty for a PC that is alone.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.instrument",
            ),
        ),
    ],
    options={
        "db_table": "images",
        "permissions": [("capture_image", "Can capture images and set the camera")],
        "indexes": [
            models.Index(fields=["job", "captured_at"], name="images_job_captured"),
            models.Index(fields=["user", "captured_at"], name="images_user_captured"),
            models.Index(fields=["captured_at"], name="images_captured"),
            models.Index(
                condition=models.Q(("binned_at__isnull", True)), fields=["captured_at", "id"], name="images_shown"
            ),
            models.Index(
                condition=models.Q(("binned_at__isnull", True)),
                fields=["user", "captured_at", "id"],
                name="images_shown_user",
            ),
            models.Index(
                condition=models.Q(("binned_at__isnull", True)),
                fields=["job", "captured_at", "id"],
                name="images_shown_job",
            ),
            models.Index(
                condition=models.Q(("binned_at__isnull", False)), fields=["captured_at", "id"], name="images_in_bin"
            ),
            models.Index(condition=models.Q(("binned_at__isnull", False)), fields=["binned_at"], name="images_binned"),
            models.Index(
                condition=models.Q(("binned_at__isnull", True)),
                fields=["objective", "captured_at", "id"],
                name="images_shown_objective",
            ),
            models.Index(
                condition=models.Q(("binned_at__isnull", True), ("instrument__isnull", False)),
                fields=["instrument", "captured_at", "id"],
                name="images_shown_instrument",
            ),
            models.Index(
                condition=models.Q(("place__isnull", True)), fields=["instrument", "id"], name="images_not_stored"
            ),
            models.Index(
                condition=models.Q(("place__isnull", True), ("wanted_at__isnull", False)),
                fields=["instrument", "wanted_at"],
                name="images_wanted",
            ),
            models.Index(
                condition=models.Q(("place", "both"), ("verified_at__isnull", True)),
                fields=["instrument", "stored_at"],
                name="images_to_verify",
            ),
            models.Index(
                condition=models.Q(("binned_at__isnull", True), ("place", "both"), ("verified_at__isnull", False)),
                fields=["instrument", "captured_at", "id"],
                name="images_may_leave",
            ),
            models.Index(
                condition=models.Q(
                    ("place__isnull", False),
                    ("revision__isnull", False),
                    models.Q(
                        ("stored_revision__isnull", True),
                        ("revision__gt", models.F("stored_revision")),
                        _connector="OR",
                    ),
                ),
                fields=["instrument", "id"],
                name="images_change_not_stored",
            ),
        ],
        "constraints": [
            models.UniqueConstraint(
                condition=models.Q(("job_slot__isnull", False)), fields=("job", "job_slot"), name="images_job_slot"
            ),
            models.UniqueConstraint(
                condition=models.Q(("instrument__isnull", True)),
                fields=("filename",),
                name="images_filename_alone",
                opclasses=["varchar_pattern_ops"],
            ),
            models.UniqueConstraint(
                condition=models.Q(("instrument__isnull", False)),
                fields=("instrument", "filename"),
                name="images_filename",
                opclasses=["uuid_ops", "varchar_pattern_ops"],
            ),
            models.UniqueConstraint(
                condition=models.Q(("idempotency_key__isnull", False), ("instrument__isnull", True)),
                fields=("user", "idempotency_key"),
                name="images_user_idempotency_key",
            ),
            models.UniqueConstraint(
                condition=models.Q(("idempotency_key__isnull", False), ("instrument__isnull", False)),
                fields=("user", "instrument", "idempotency_key"),
                name="images_instrument_idempotency_key",
            ),
        ],
    },
)
