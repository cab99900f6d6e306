"""Receivers of events, and the kinds of events that the audit log knows besides."""

import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("microscope", "0009_audit_control"),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="For people: who gets it.", max_length=100)),
                ("url", models.CharField(max_length=500, verbose_name="address")),
                ("secret", models.CharField(editable=False, max_length=200)),
                (
                    "kinds",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Which events; none chosen means all.",
                        verbose_name="events",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("lasting_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "delivered_through",
                    models.BigIntegerField(
                        default=0, editable=False, help_text="Number of the event up to which all is delivered."
                    ),
                ),
                (
                    "tries",
                    models.PositiveIntegerField(default=0, editable=False, help_text="How often it failed since."),
                ),
                ("next_try_at", models.DateTimeField(editable=False, null=True)),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                ("last_problem", models.CharField(blank=True, default="", editable=False, max_length=300)),
            ],
            options={
                "db_table": "webhooks",
                "default_permissions": [],
            },
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="what",
            field=models.CharField(
                choices=[
                    ("captured", "Captured"),
                    ("adopted", "Adopted"),
                    ("changed", "Changed"),
                    ("binned", "Binned"),
                    ("restored", "Restored"),
                    ("removed", "Removed"),
                    ("emptied", "Emptied the bin"),
                    ("clock_confirmed", "Confirmed the clock"),
                    ("job_planned", "Planned a job"),
                    ("job_begun", "Began a job"),
                    ("job_paused", "Paused a job"),
                    ("job_continued", "Continued a job"),
                    ("job_resumed", "Resumed a job"),
                    ("job_moved", "Moved a job in the queue"),
                    ("job_stopped", "Stopped a job"),
                    ("control_taken", "Took control"),
                    ("control_kept", "Kept control"),
                    ("control_asked", "Asked for control"),
                    ("control_withdrawn", "Asked no longer for control"),
                    ("control_given", "Gave control"),
                    ("control_denied", "Did not give control"),
                    ("control_taken_over", "Took control from another"),
                    ("control_released", "Released control"),
                    ("control_lapsed", "Control ended by itself"),
                    ("job_finished", "Finished a job"),
                    ("job_failed", "Failed a job"),
                    ("signed_in", "Signed in"),
                    ("sign_in_failed", "Failed to sign in"),
                    ("signed_out", "Signed out"),
                    ("password_changed", "Password changed"),
                    ("user_added", "User added"),
                    ("user_changed", "User changed"),
                    ("user_deleted", "User deleted"),
                    ("role_changed", "Role changed"),
                    ("role_deleted", "Role deleted"),
                    ("job_deleted", "Job deleted"),
                    ("token_made", "Made a token"),
                    ("token_revoked", "Revoked a token"),
                    ("link_made", "Made a share link"),
                    ("link_opened", "Opened a share link"),
                    ("link_revoked", "Revoked a share link"),
                ],
                max_length=20,
            ),
        ),
    ]
