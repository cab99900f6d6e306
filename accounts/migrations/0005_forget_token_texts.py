"""Older rows hold the texts of refresh tokens, of which those of the last days still sign in: see token_texts.py."""

from django.db import migrations


def forget_texts(apps, schema_editor):
    tokens = apps.get_model("token_blacklist", "OutstandingToken").objects
    tokens.using(schema_editor.connection.alias).exclude(token="").update(token="")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_used_refresh_token"),
        ("token_blacklist", "0013_alter_blacklistedtoken_options_and_more"),
    ]

    operations = [migrations.RunPython(forget_texts, migrations.RunPython.noop)]
