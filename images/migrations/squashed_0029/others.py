"""The tables that stand alone or are about people, as 0001 to 0029 make them."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

REMOVAL = migrations.CreateModel(
    name="Removal",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("record_id", models.UUIDField(unique=True)),
        ("filename", models.CharField(max_length=100)),
        ("decided_at", models.DateTimeField(auto_now_add=True)),
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
        "db_table": "image_removals",
    },
)
RUN_DAY_COUNT = migrations.CreateModel(
    name="RunDayCount",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("days", models.PositiveIntegerField(default=0)),
        ("ran_s", models.FloatField(default=0, help_text="Seconds of running since the last counted day.")),
        ("counted_on", models.DateField(help_text="The date on which a day was counted last.")),
        ("expected_at", models.DateTimeField(help_text="The time that the clock should have shown at the last tick.")),
        ("is_clock_in_doubt", models.BooleanField(default=False)),
    ],
    options={
        "db_table": "run_day_count",
        "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="run_day_count_is_one_row")],
    },
)
SHARE_LINK = migrations.CreateModel(
    name="ShareLink",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("key", models.CharField(editable=False, max_length=43, unique=True)),
        (
            "may_load",
            models.CharField(
                choices=[("nothing", "Nothing"), ("copy", "Copy"), ("original", "Original")], max_length=10
            ),
        ),
        ("shows", models.JSONField(default=list, help_text="What is shown beside the picture and its scale.")),
        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
        ("expires_at", models.DateTimeField()),
        ("revoked_at", models.DateTimeField(null=True)),
        ("opened_count", models.PositiveBigIntegerField(default=0)),
        ("last_opened_at", models.DateTimeField(null=True)),
        ("images", models.ManyToManyField(db_table="share_link_images", related_name="share_links", to="images.image")),
        (
            "job",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="share_links", to="images.job"
            ),
        ),
        (
            "made_by",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="share_links", to=settings.AUTH_USER_MODEL
            ),
        ),
        (
            "revoked_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
    ],
    options={
        "db_table": "share_links",
        "ordering": ["-pk"],
        "default_permissions": [],
    },
)
CAMERA_CONTROL = migrations.CreateModel(
    name="CameraControl",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("instrument", models.CharField(max_length=40, unique=True)),
        ("fence", models.BigIntegerField(default=0)),
        ("lease_id", models.UUIDField(null=True)),
        ("holder_name", models.CharField(blank=True, max_length=300)),
        ("label", models.CharField(blank=True, max_length=80)),
        (
            "kind",
            models.CharField(
                blank=True, choices=[("person", "Person"), ("script", "Script"), ("job", "Job")], max_length=10
            ),
        ),
        ("job_id", models.BigIntegerField(null=True)),
        ("since", models.DateTimeField(null=True)),
        ("until", models.DateTimeField(null=True)),
        ("last_used_at", models.DateTimeField(null=True)),
        ("share", models.BooleanField(default=True)),
        ("note", models.CharField(blank=True, max_length=80)),
        ("asked_at", models.DateTimeField(null=True)),
        ("ask_message", models.CharField(blank=True, max_length=80)),
        (
            "asked_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        (
            "holder_user",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
    ],
    options={
        "verbose_name_plural": "control",
        "db_table": "control",
        "permissions": [("take_control", "Can take control of the camera from others")],
        "default_permissions": [],
    },
)
INSTRUMENT = migrations.CreateModel(
    name="Instrument",
    fields=[
        (
            "id",
            models.UUIDField(
                default=uuid.uuid4,
                editable=False,
                help_text="The same as in its data folder.",
                primary_key=True,
                serialize=False,
            ),
        ),
        ("name", models.CharField(max_length=100, unique=True)),
        ("url", models.CharField(blank=True, help_text="Where people open its live page.", max_length=200)),
        ("version", models.CharField(blank=True, max_length=40)),
        (
            "last_seen_at",
            models.DateTimeField(help_text="When it wrote this row, by the clock of the database.", null=True),
        ),
        ("lease_id", models.UUIDField(editable=False, null=True)),
        ("lease_until", models.DateTimeField(editable=False, null=True)),
        (
            "clock_offset_ms",
            models.FloatField(help_text="How far its clock is ahead of that of the database.", null=True),
        ),
        ("camera", models.JSONField(default=dict, help_text="What its camera is, and how it does.")),
        ("free_bytes", models.BigIntegerField(help_text="Free space on the disk of its originals.", null=True)),
        ("spool_count", models.PositiveIntegerField(default=0, help_text="Originals that are not in the store yet.")),
        ("spool_bytes", models.BigIntegerField(default=0)),
        ("oldest_local_at", models.DateTimeField(help_text="When the oldest of these was captured.", null=True)),
        (
            "spool_bytes_per_s",
            models.FloatField(help_text="How quickly it has put originals into the store.", null=True),
        ),
        ("picture", models.BinaryField(help_text="A small picture of its live view, as JPEG.", null=True)),
        ("picture_at", models.DateTimeField(null=True)),
    ],
    options={
        "db_table": "instruments",
        "ordering": ["name"],
        "constraints": [
            models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="instruments_have_names")
        ],
    },
)
