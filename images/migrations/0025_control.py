"""Who controls the camera; managers may take control from others."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def let_managers_take_control(apps, schema_editor):
    """Django makes permissions only after all migrations, so the one needed here is made now."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="images", model="cameracontrol"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type,
        codename="take_control",
        defaults={"name": "Can take control of the camera from others"},
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="managers")
    group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0024_share_links"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
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
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "holder_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "control",
                "db_table": "control",
                "permissions": [("take_control", "Can take control of the camera from others")],
                "default_permissions": [],
            },
        ),
        migrations.RunPython(let_managers_take_control, migrations.RunPython.noop),
    ]
