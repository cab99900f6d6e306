"""A folded name of each user: no two are alike, and people sign in however they write theirs."""

from django.db import migrations, models

from folding.migrating import fold_names, order_by_code

HELP = "The name, folded: no two are alike."


def fold_user_names(apps, schema_editor):
    """Active users come first: an inactive one cannot sign in."""
    users = apps.get_model("accounts", "User").objects.order_by("-is_active", "pk")
    fold_names(list(users.only("username")), "username")


def order(apps, schema_editor):
    order_by_code(schema_editor.connection, "accounts_user", "folded_name")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_forget_token_texts"),
    ]

    operations = [
        migrations.AlterModelManagers(name="user", managers=[]),
        migrations.AlterModelOptions(
            name="user", options={"ordering": ["folded_name"], "verbose_name": "user", "verbose_name_plural": "users"}
        ),
        migrations.AddField(
            model_name="user", name="folded_name", field=models.TextField(editable=False, null=True, help_text=HELP)
        ),
        migrations.RunPython(fold_user_names, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="folded_name",
            field=models.TextField(editable=False, unique=True, help_text=HELP),
        ),
        migrations.RunPython(order, migrations.RunPython.noop),
    ]
