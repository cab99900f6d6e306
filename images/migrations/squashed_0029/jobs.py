"""The tables of jobs, as 0001 to 0029 make them."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import folding.fields

JOB = migrations.CreateModel(
    name="Job",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("name", models.CharField(max_length=200)),
        ("kind", models.CharField(default="series", max_length=40)),
        ("created_at", models.DateTimeField(auto_now_add=True)),
        (
            "state",
            models.CharField(
                choices=[
                    ("planned", "Planned"),
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("finished", "Finished"),
                    ("stopped", "Stopped"),
                    ("failed", "Failed"),
                ],
                default="planned",
                max_length=20,
            ),
        ),
        (
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to=settings.AUTH_USER_MODEL
            ),
        ),
        (
            "anchor_at",
            models.DateTimeField(blank=True, help_text="When slot 0 was due. Empty until the job begins.", null=True),
        ),
        ("detail", models.TextField(blank=True, default="", help_text="The message of the camera or the disk.")),
        ("ended_at", models.DateTimeField(blank=True, null=True)),
        (
            "estimate",
            models.JSONField(blank=True, help_text="Measured bytes of a picture and seconds of a round.", null=True),
        ),
        ("events", models.JSONField(blank=True, default=list, help_text="What happened to the job, newest last.")),
        ("expected", models.PositiveBigIntegerField(default=0)),
        (
            "idempotency_key",
            models.CharField(
                blank=True,
                editable=False,
                help_text="The key that the client gave its request.",
                max_length=200,
                null=True,
            ),
        ),
        (
            "lasting_id",
            models.UUIDField(
                default=uuid.uuid4,
                editable=False,
                help_text="The id by which files name the job. It never changes.",
                unique=True,
            ),
        ),
        ("missed", models.PositiveBigIntegerField(default=0)),
        (
            "pause_cause",
            models.CharField(
                blank=True,
                choices=[
                    ("user", "User"),
                    ("storage", "Storage"),
                    ("camera_changed", "Camera Changed"),
                    ("clock", "Clock"),
                    ("plane", "Plane"),
                ],
                default="",
                max_length=20,
            ),
        ),
        (
            "paused_by",
            models.CharField(blank=True, default="", help_text="User name, if a user paused the job.", max_length=150),
        ),
        ("plan", models.JSONField(blank=True, help_text="Empty for a job that only groups images.", null=True)),
        ("plan_sha256", models.CharField(blank=True, default="", max_length=64)),
        (
            "reason",
            models.CharField(
                blank=True,
                default="",
                help_text="Why the job is paused, or why it ended early, as people see it.",
                max_length=100,
            ),
        ),
        ("request_sha256", models.CharField(blank=True, default="", editable=False, max_length=64)),
        (
            "seat",
            models.JSONField(blank=True, help_text="Camera, objective and geometry when the job began.", null=True),
        ),
        (
            "shift_s",
            models.FloatField(default=0, help_text="Seconds by which the remaining slots have moved since then."),
        ),
        (
            "starts_at",
            models.DateTimeField(blank=True, help_text="Earliest start. Empty: as soon as possible.", null=True),
        ),
        ("stored", models.PositiveBigIntegerField(default=0)),
        (
            "queue_place",
            models.BigIntegerField(
                blank=True,
                editable=False,
                help_text="Where in the queue it was moved to. Empty: its id counts.",
                null=True,
            ),
        ),
        (
            "search_text",
            folding.fields.FoldedField(
                editable=False, help_text="Its texts, folded for the search.", null=True, of=["name", "sample", "note"]
            ),
        ),
        (
            "stored_parts",
            models.PositiveIntegerField(
                editable=False, help_text="How many parts of its file are in the object store.", null=True
            ),
        ),
        (
            "stored_bytes",
            models.PositiveBigIntegerField(editable=False, help_text="The bytes of these parts.", null=True),
        ),
        (
            "is_file_stored",
            models.BooleanField(
                editable=False, help_text="True once the job has ended and all of its file is in the store.", null=True
            ),
        ),
        (
            "instrument",
            models.ForeignKey(
                editable=False,
                help_text="The PC whose camera the job uses. Empty for a PC that is alone.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="images.instrument",
            ),
        ),
    ],
    options={
        "db_table": "jobs",
        "ordering": ["-created_at"],
        "indexes": [
            models.Index(fields=["state", "id"], name="jobs_state"),
            models.Index(fields=["anchor_at"], name="jobs_begun"),
        ],
        "constraints": [
            models.UniqueConstraint(
                condition=models.Q(("idempotency_key__isnull", False), ("instrument__isnull", True)),
                fields=("user", "idempotency_key"),
                name="jobs_user_idempotency_key",
            ),
            models.UniqueConstraint(
                condition=models.Q(("idempotency_key__isnull", False), ("instrument__isnull", False)),
                fields=("user", "instrument", "idempotency_key"),
                name="jobs_instrument_idempotency_key",
            ),
        ],
    },
)
JOB_GAP = migrations.CreateModel(
    name="JobGap",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("first_slot", models.PositiveBigIntegerField()),
        ("last_slot", models.PositiveBigIntegerField()),
        ("reason", models.CharField(help_text="Why the slots were missed, as people see it.", max_length=100)),
        ("since", models.DateTimeField(help_text="When the first of these slots was due.")),
        ("until", models.DateTimeField(help_text="When the last of these slots could no longer be taken.")),
        ("detail", models.TextField(blank=True, default="", help_text="The message of the camera or the disk.")),
        (
            "job",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="gaps", to="images.job"
            ),
        ),
    ],
    options={
        "db_table": "job_gaps",
        "ordering": ["first_slot"],
        "default_permissions": [],
        "constraints": [
            models.UniqueConstraint(fields=("job", "first_slot"), name="job_gaps_first_slot"),
            models.CheckConstraint(
                condition=models.Q(("first_slot__lte", models.F("last_slot"))), name="job_gaps_in_order"
            ),
        ],
    },
)
DELIVERY = migrations.CreateModel(
    name="Delivery",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        (
            "lasting_id",
            models.UUIDField(default=uuid.uuid4, editable=False, help_text="The same at each try.", unique=True),
        ),
        ("what", models.CharField(help_text="What happened.", max_length=40)),
        ("facts", models.JSONField(help_text="What is told: how it was then.")),
        (
            "channel",
            models.CharField(choices=[("webhook", "Webhook"), ("email", "Email"), ("ping", "Ping")], max_length=20),
        ),
        ("recipient", models.CharField(blank=True, default="", help_text="Of an e-mail.", max_length=254)),
        ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
        (
            "state",
            models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("delivered", "Delivered"),
                    ("overtaken", "Overtaken"),
                    ("given_up", "Given Up"),
                ],
                default="waiting",
                max_length=20,
            ),
        ),
        ("tries", models.PositiveIntegerField(default=0)),
        ("next_try_at", models.DateTimeField(default=django.utils.timezone.now)),
        ("ended_at", models.DateTimeField(blank=True, null=True)),
        ("detail", models.TextField(blank=True, default="", help_text="Why it could not be delivered.")),
        (
            "job",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="images.job"
            ),
        ),
    ],
    options={
        "verbose_name_plural": "deliveries",
        "db_table": "job_deliveries",
        "ordering": ["-id"],
        "indexes": [
            models.Index(
                condition=models.Q(("state", "waiting")), fields=["channel", "id"], name="job_deliveries_waiting"
            )
        ],
    },
)
