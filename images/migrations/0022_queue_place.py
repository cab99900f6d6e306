"""The place in the queue that people gave to a waiting job."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0021_deliveries"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="queue_place",
            field=models.BigIntegerField(
                blank=True,
                editable=False,
                help_text="Where in the queue it was moved to. Empty: its id counts.",
                null=True,
            ),
        ),
    ]
