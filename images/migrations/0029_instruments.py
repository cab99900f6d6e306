"""Several instruments in one library: whose each row is. Two of them may give a picture the same name."""

import uuid

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class AlterFieldButNotInSqlite(migrations.AlterField):
    """SQLite would copy the table, and its text index would lose its triggers. There a PC is alone, so no two files
    have one name, and the older rule stays right."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        self.database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0028_leaving"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
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
                (
                    "spool_count",
                    models.PositiveIntegerField(default=0, help_text="Originals that are not in the store yet."),
                ),
                ("spool_bytes", models.BigIntegerField(default=0)),
                (
                    "oldest_local_at",
                    models.DateTimeField(help_text="When the oldest of these was captured.", null=True),
                ),
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
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="instruments_have_names"
                    )
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="currentobjective",
            name="current_objective_is_one_row",
        ),
        migrations.RemoveIndex(
            model_name="image",
            name="images_not_stored",
        ),
        migrations.RemoveIndex(
            model_name="image",
            name="images_to_verify",
        ),
        migrations.RemoveIndex(
            model_name="image",
            name="images_may_leave",
        ),
        migrations.RemoveIndex(
            model_name="image",
            name="images_change_not_stored",
        ),
        migrations.AddField(
            model_name="image",
            name="wanted_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When somebody elsewhere asked for it. Those go to the store first.",
                null=True,
            ),
        ),
        AlterFieldButNotInSqlite(
            model_name="image",
            name="filename",
            field=models.CharField(max_length=100),
        ),
        migrations.AddField(
            model_name="currentobjective",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="images.instrument",
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The PC that captured it. Empty for a PC that is alone.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="images",
                to="images.instrument",
            ),
        ),
        migrations.AddField(
            model_name="removal",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="images.instrument",
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="images.instrument",
            ),
        ),
        # It was a text that nobody wrote.
        migrations.RemoveField(model_name="job", name="instrument"),
        migrations.AddField(
            model_name="job",
            name="instrument",
            field=models.ForeignKey(
                editable=False,
                help_text="The PC whose camera the job uses. Empty for a PC that is alone.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="images.instrument",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", True), ("instrument__isnull", False)),
                fields=["instrument", "captured_at", "id"],
                name="images_shown_instrument",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("place__isnull", True)), fields=["instrument", "id"], name="images_not_stored"
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("place__isnull", True), ("wanted_at__isnull", False)),
                fields=["instrument", "wanted_at"],
                name="images_wanted",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("place", "both"), ("verified_at__isnull", True)),
                fields=["instrument", "stored_at"],
                name="images_to_verify",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("binned_at__isnull", True), ("place", "both"), ("verified_at__isnull", False)),
                fields=["instrument", "captured_at", "id"],
                name="images_may_leave",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
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
        ),
        migrations.AddConstraint(
            model_name="currentobjective",
            constraint=models.UniqueConstraint(
                django.db.models.functions.comparison.Coalesce(
                    "instrument", models.Value(uuid.UUID("00000000-0000-0000-0000-000000000000"))
                ),
                name="current_objective_of_instrument",
            ),
        ),
        migrations.AddConstraint(
            model_name="image",
            constraint=models.UniqueConstraint(
                condition=models.Q(("instrument__isnull", True)),
                fields=("filename",),
                name="images_filename_alone",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddConstraint(
            model_name="image",
            constraint=models.UniqueConstraint(
                condition=models.Q(("instrument__isnull", False)),
                fields=("instrument", "filename"),
                name="images_filename",
                opclasses=["uuid_ops", "varchar_pattern_ops"],
            ),
        ),
        # A key stands for one request at one instrument.
        *(
            operation
            for name, model in (("images", "image"), ("jobs", "job"))
            for operation in (
                migrations.RemoveConstraint(model_name=model, name=f"{name}_user_idempotency_key"),
                migrations.AddConstraint(
                    model_name=model,
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("idempotency_key__isnull", False), ("instrument__isnull", True)),
                        fields=("user", "idempotency_key"),
                        name=f"{name}_user_idempotency_key",
                    ),
                ),
                migrations.AddConstraint(
                    model_name=model,
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("idempotency_key__isnull", False), ("instrument__isnull", False)),
                        fields=("user", "instrument", "idempotency_key"),
                        name=f"{name}_instrument_idempotency_key",
                    ),
                ),
            )
        ),
    ]
