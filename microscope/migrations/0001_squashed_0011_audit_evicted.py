"""The tables of 0001 to 0011 in one step. Only a new database is made by it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import folding.fields


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("microscope", "0001_audit"),
        ("microscope", "0002_audit_days"),
        ("microscope", "0003_clock_confirmed"),
        ("microscope", "0004_deletions"),
        ("microscope", "0005_audit_search_text"),
        ("microscope", "0006_audit_jobs"),
        ("microscope", "0007_audit_job_moved"),
        ("microscope", "0008_audit_tokens"),
        ("microscope", "0009_audit_control"),
        ("microscope", "0010_webhooks"),
        ("microscope", "0011_audit_evicted"),
    ]
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "who",
                    models.CharField(
                        blank=True, help_text="The name given; empty for the program itself.", max_length=150
                    ),
                ),
                ("address", models.CharField(blank=True, help_text="Where the request came from.", max_length=45)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("captured", "Captured"),
                            ("adopted", "Adopted"),
                            ("changed", "Changed"),
                            ("binned", "Binned"),
                            ("restored", "Restored"),
                            ("removed", "Removed"),
                            ("emptied", "Emptied the bin"),
                            ("evicted", "Moved originals to the store alone"),
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
                ("image_id", models.BigIntegerField(help_text="Number of the image.", null=True)),
                (
                    "object",
                    models.CharField(
                        blank=True,
                        help_text="File name of the image, or name of the user, role, job or token.",
                        max_length=150,
                    ),
                ),
                ("details", models.JSONField(default=dict)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "search_text",
                    folding.fields.FoldedField(
                        editable=False, help_text="Both names, folded for the search.", null=True, of=["who", "object"]
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "db_table": "audit",
                "default_permissions": ["view"],
                "indexes": [
                    models.Index(fields=["at"], name="audit_at"),
                    models.Index(fields=["what", "id"], name="audit_what"),
                    models.Index(fields=["user", "id"], name="audit_user"),
                    models.Index(fields=["image_id"], name="audit_image"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("run_day", models.PositiveIntegerField(unique=True)),
                ("last_entry_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "audit_days",
                "default_permissions": [],
            },
        ),
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
    ]
