"""A folded name of each objective: no two are alike."""

from django.db import migrations, models

from folding.migrating import fold_names, order_by_code

HELP = "The name, folded: no two are alike."


def fold_objective_names(apps, schema_editor):
    """The one in use comes before those that are retired."""
    objectives = apps.get_model("images", "Objective").objects.order_by("is_retired", "created_at", "pk")
    fold_names(list(objectives.only("name")), "name")


def order(apps, schema_editor):
    order_by_code(schema_editor.connection, "objectives", "folded_name")


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0015_rows_that_differ"),
    ]

    operations = [
        migrations.AddField(
            model_name="objective",
            name="folded_name",
            field=models.TextField(editable=False, null=True, help_text=HELP),
        ),
        migrations.RunPython(fold_objective_names, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="objective",
            name="folded_name",
            field=models.TextField(editable=False, unique=True, help_text=HELP),
        ),
        migrations.AlterModelOptions(
            name="objective",
            options={
                "ordering": ["is_retired", "magnification", "folded_name"],
                "permissions": [("calibrate_objective", "Can keep objectives and calibrate them")],
            },
        ),
        migrations.RunPython(order, migrations.RunPython.noop),
    ]
