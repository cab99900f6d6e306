"""Changes files beside the originals, and what `manage.py verify` found.

What was changed before there were changes files stands in rows alone: such a row gets revision 1, and so, at the next
start, its file.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

CHANGEABLE = ("x_position", "y_position", "z_position", "binned_at")


def mark_what_may_be_changed(apps, schema_editor):
    may_be_changed = ~Q(sample="") | ~Q(note="")
    for name in CHANGEABLE:
        may_be_changed |= Q(**{f"{name}__isnull": False})
    apps.get_model("images", "Image").objects.filter(may_be_changed).update(revision=1)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0004_scale"),
    ]

    operations = [
        migrations.CreateModel(
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
                (
                    "started_by",
                    models.CharField(blank=True, help_text="Account on the computer it ran on.", max_length=150),
                ),
                ("seen_at", models.DateTimeField(auto_now_add=True, help_text="When it last said how far it is.")),
                ("finished_at", models.DateTimeField(null=True)),
                ("seconds", models.FloatField(default=0, help_text="How long it worked, without what lay between.")),
                (
                    "last_image_id",
                    models.BigIntegerField(default=0, help_text="Images up to this number have been read again."),
                ),
                (
                    "last_day",
                    models.CharField(
                        blank=True, help_text="Folders up to this day have been looked through.", max_length=10
                    ),
                ),
                ("image_count", models.PositiveIntegerField(default=0, help_text="Originals that were read again.")),
                ("byte_count", models.BigIntegerField(default=0)),
                (
                    "file_count",
                    models.PositiveIntegerField(default=0, help_text="Files that were looked at in the folders."),
                ),
                ("counts", models.JSONField(default=dict, help_text="How many findings of each kind.")),
            ],
            options={
                "db_table": "verifications",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="image",
            name="revision",
            field=models.PositiveIntegerField(
                editable=False, help_text="How often it was changed; its changes file says the same number.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missing", "Missing"),
                            ("changed", "Changed"),
                            ("unknown", "Unknown"),
                            ("orphaned", "Orphaned"),
                            ("stray", "Stray"),
                        ],
                        max_length=10,
                    ),
                ),
                ("place", models.CharField(help_text="The file, below the folder of images.", max_length=300)),
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
        ),
        migrations.RunPython(mark_what_may_be_changed, migrations.RunPython.noop),
    ]
