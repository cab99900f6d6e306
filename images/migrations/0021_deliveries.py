"""Notices about jobs, on their way to people outside."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0020_help_texts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "lasting_id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, help_text="The same at each try.", unique=True
                    ),
                ),
                ("what", models.CharField(help_text="What happened to the job.", max_length=40)),
                ("facts", models.JSONField(help_text="What is told: how the job was then.")),
                (
                    "channel",
                    models.CharField(
                        choices=[("webhook", "Webhook"), ("email", "Email"), ("ping", "Ping")], max_length=20
                    ),
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="images.job"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "db_table": "job_deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["channel", "id"],
                        name="job_deliveries_waiting",
                    )
                ],
            },
        ),
    ]
