from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("images", "0014_protect_what_files_name")]

    operations = [
        migrations.AlterField(
            model_name="finding",
            name="kind",
            field=models.CharField(
                choices=[
                    ("missing", "Missing"),
                    ("changed", "Changed"),
                    ("differs", "Differs"),
                    ("unknown", "Unknown"),
                    ("orphaned", "Orphaned"),
                    ("stray", "Stray"),
                ],
                max_length=10,
            ),
        ),
    ]
