"""Where the original of an image lies: in the object store too, and when it was put there and looked at again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("images", "0026_control_mails")]

    operations = [
        migrations.AddField(
            model_name="image",
            name="place",
            field=models.CharField(
                choices=[
                    ("both", "on the instrument and in the store"),
                    ("conflict", "on the instrument; the store has other bytes"),
                ],
                editable=False,
                max_length=8,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="store_key",
            field=models.CharField(editable=False, max_length=300, null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="stored_at",
            field=models.DateTimeField(editable=False, help_text="When the store said that it has it.", null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="verified_at",
            field=models.DateTimeField(
                editable=False, help_text="When it was last read back from the store and found whole.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(condition=models.Q(("place__isnull", True)), fields=["id"], name="images_not_stored"),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("place", "both"), ("verified_at__isnull", True)),
                fields=["stored_at"],
                name="images_to_verify",
            ),
        ),
    ]
