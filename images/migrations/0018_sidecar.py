"""A help text: the file beside an original is called its sidecar."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("images", "0017_search_text_of_all_texts")]

    operations = [
        migrations.AlterField(
            model_name="image",
            name="revision",
            field=models.PositiveIntegerField(
                editable=False, help_text="How often it was changed; its sidecar says the same number.", null=True
            ),
        ),
    ]
