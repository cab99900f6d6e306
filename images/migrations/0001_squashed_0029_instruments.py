"""The tables of 0001 to 0029 in one step. Only a new database is made by it: older ones continue with those.

What 0001 to 0029 do to rows is left out, because a new database has none. The roles and their permissions are made.
"""

from importlib import import_module

from django.conf import settings
from django.db import migrations, models

from folding.migrating import order_by_code
from images.migrations.squashed_0029.create_models import CreateModels
from images.migrations.squashed_0029.image import IMAGE
from images.migrations.squashed_0029.jobs import DELIVERY, JOB, JOB_GAP
from images.migrations.squashed_0029.objectives import CALIBRATION, CURRENT_OBJECTIVE, OBJECTIVE
from images.migrations.squashed_0029.others import CAMERA_CONTROL, INSTRUMENT, REMOVAL, RUN_DAY_COUNT, SHARE_LINK
from images.migrations.squashed_0029.verification import FINDING, VERIFICATION

roles, scale, search, control, instruments = (
    import_module(f"images.migrations.{name}")
    for name in ("0002_roles", "0004_scale", "0012_search_text", "0025_control", "0029_instruments")
)


# As 0016 and 0019 call these rules on PostgreSQL.
RULES = {
    "jobs": ("jobs_lasting_id_key", "jobs_lasting_id_7a720460_uniq"),
    "objectives": ("objectives_folded_name_key", "objectives_folded_name_68891121_uniq"),
}


def complete(apps, schema_editor):
    """What is no column, in one operation: Django makes all model classes again before each."""
    roles.make_roles(apps, schema_editor)
    scale.let_managers_calibrate(apps, schema_editor)
    control.let_managers_take_control(apps, schema_editor)
    order_by_code(schema_editor.connection, "objectives", "folded_name")
    search.make_text_index(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        for table, (given, name) in RULES.items():
            schema_editor.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {given} TO {name}")


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("images", "0001_initial"),
        ("images", "0002_roles"),
        ("images", "0003_note_sample_bin"),
        ("images", "0004_scale"),
        ("images", "0005_changes_verification"),
        ("images", "0006_idempotency_key"),
        ("images", "0007_text_in_time"),
        ("images", "0010_run_days"),
        ("images", "0011_changed_since_capture"),
        ("images", "0012_search_text"),
        ("images", "0013_key_run_day"),
        ("images", "0014_protect_what_files_name"),
        ("images", "0015_rows_that_differ"),
        ("images", "0016_folded_name"),
        ("images", "0017_search_text_of_all_texts"),
        ("images", "0018_sidecar"),
        ("images", "0019_jobs"),
        ("images", "0020_help_texts"),
        ("images", "0021_deliveries"),
        ("images", "0022_queue_place"),
        ("images", "0023_job_search"),
        ("images", "0024_share_links"),
        ("images", "0025_control"),
        ("images", "0026_control_mails"),
        ("images", "0027_store"),
        ("images", "0028_leaving"),
        ("images", "0029_instruments"),
    ]
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        # In the order in which they came: so content types get the same numbers.
        CreateModels(
            [
                REMOVAL,
                JOB,
                IMAGE,
                OBJECTIVE,
                CALIBRATION,
                CURRENT_OBJECTIVE,
                VERIFICATION,
                FINDING,
                RUN_DAY_COUNT,
                JOB_GAP,
                DELIVERY,
                SHARE_LINK,
                CAMERA_CONTROL,
                INSTRUMENT,
            ]
        ),
        migrations.RunPython(complete, search.drop_text_index),
        # On SQLite the table of images keeps the older rule, as 0029 says.
        instruments.AlterFieldButNotInSqlite(
            model_name="image",
            name="filename",
            field=models.CharField(max_length=100),
        ),
    ]
