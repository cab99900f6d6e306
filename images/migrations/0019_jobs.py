"""Jobs that the program carries out: their plan, what became of each slot, and the slot of an image."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NAMED_WITHOUT_ID = uuid.UUID("b7f7c3b2-6a3c-4d83-9c0e-2a8e5f1d7c61")


def bring_up_to_date(apps, schema_editor):
    """A job that is there already gets the id that a rebuild from its older files would give it."""
    jobs = apps.get_model("images", "Job").objects
    jobs.filter(state="cancelled").update(state="stopped")
    for job in jobs.only("pk", "name"):
        jobs.filter(pk=job.pk).update(lasting_id=uuid.uuid5(NAMED_WITHOUT_ID, f"{job.pk} {job.name}"))


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0018_sidecar"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="JobGap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_slot", models.PositiveBigIntegerField()),
                ("last_slot", models.PositiveBigIntegerField()),
                ("reason", models.CharField(help_text="In words, as people see it.", max_length=100)),
                ("since", models.DateTimeField(help_text="When the first of these slots was due.")),
                ("until", models.DateTimeField(help_text="When the last of them could be taken no more.")),
                ("detail", models.TextField(blank=True, default="", help_text="What the camera or the disk said.")),
            ],
            options={
                "db_table": "job_gaps",
                "ordering": ["first_slot"],
                "default_permissions": [],
            },
        ),
        migrations.AddField(
            model_name="image",
            name="job_slot",
            field=models.PositiveBigIntegerField(
                blank=True, editable=False, help_text="Its place in the plan of its job, from 0.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="anchor_at",
            field=models.DateTimeField(blank=True, help_text="When slot 0 was due; empty until it begins.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="detail",
            field=models.TextField(blank=True, default="", help_text="What the camera or the disk said."),
        ),
        migrations.AddField(
            model_name="job",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="estimate",
            field=models.JSONField(
                blank=True, help_text="Bytes a picture and seconds a round, as measured.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="events",
            field=models.JSONField(blank=True, default=list, help_text="What happened to it; the newest last."),
        ),
        migrations.AddField(
            model_name="job",
            name="expected",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="job",
            name="idempotency_key",
            field=models.CharField(
                blank=True, editable=False, help_text="What its client called the request.", max_length=200, null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="instrument",
            field=models.CharField(blank=True, default="", help_text="Whose camera it uses.", max_length=100),
        ),
        migrations.AddField(
            model_name="job",
            name="lasting_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False, help_text="What files call it.", null=True),
        ),
        migrations.RunPython(bring_up_to_date, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="job",
            name="lasting_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False, help_text="What files call it.", unique=True),
        ),
        migrations.AddField(
            model_name="job",
            name="missed",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="job",
            name="pause_cause",
            field=models.CharField(
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
        migrations.AddField(
            model_name="job",
            name="paused_by",
            field=models.CharField(blank=True, default="", help_text="By name, if a user did.", max_length=150),
        ),
        migrations.AddField(
            model_name="job",
            name="plan",
            field=models.JSONField(
                blank=True, help_text="Empty for a name under which pictures are gathered.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="plan_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="job",
            name="reason",
            field=models.CharField(
                blank=True, default="", help_text="Why it is paused, or why it ended early, in words.", max_length=100
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="request_sha256",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="job",
            name="seat",
            field=models.JSONField(blank=True, help_text="Camera, objective and geometry when it began.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="shift_s",
            field=models.FloatField(default=0, help_text="By how much the slots still to come moved since then."),
        ),
        migrations.AddField(
            model_name="job",
            name="starts_at",
            field=models.DateTimeField(blank=True, help_text="Not before; empty: as soon as it can.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="stored",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="job",
            name="state",
            field=models.CharField(
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
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["state", "id"], name="jobs_state"),
        ),
        migrations.AddConstraint(
            model_name="image",
            constraint=models.UniqueConstraint(
                condition=models.Q(("job_slot__isnull", False)), fields=("job", "job_slot"), name="images_job_slot"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key__isnull", False)),
                fields=("user", "idempotency_key"),
                name="jobs_user_idempotency_key",
            ),
        ),
        migrations.AddField(
            model_name="jobgap",
            name="job",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="gaps", to="images.job"
            ),
        ),
        migrations.AddConstraint(
            model_name="jobgap",
            constraint=models.UniqueConstraint(fields=("job", "first_slot"), name="job_gaps_first_slot"),
        ),
        migrations.AddConstraint(
            model_name="jobgap",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_slot__lte", models.F("last_slot"))), name="job_gaps_in_order"
            ),
        ),
    ]
