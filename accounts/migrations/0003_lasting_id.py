import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

HELP = "Images and their files name this person by it, whatever the user name is. It never changes."


def give_ids(apps, schema_editor):
    """One each: the default of a new column would give the same to all."""
    users = apps.get_model("accounts", "User").objects
    for user_id in users.filter(lasting_id=None).values_list("pk", flat=True):
        users.filter(pk=user_id).update(lasting_id=uuid.uuid4())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_attempt_tally"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="lasting_id",
            field=models.UUIDField(null=True, editable=False, verbose_name="lasting ID", help_text=HELP),
        ),
        migrations.RunPython(give_ids, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="lasting_id",
            field=models.UUIDField(
                default=uuid.uuid4, editable=False, unique=True, verbose_name="lasting ID", help_text=HELP
            ),
        ),
        migrations.CreateModel(
            name="FormerName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("username", models.CharField(db_index=True, max_length=150)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_names",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "former_user_names"},
        ),
        migrations.AddConstraint(
            model_name="formername",
            constraint=models.UniqueConstraint(fields=("user", "username"), name="former_user_names_once"),
        ),
    ]
