"""Notices that are about no job: somebody lost control."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0025_control"),
    ]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="facts",
            field=models.JSONField(help_text="What is told: how it was then."),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="job",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="images.job"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="what",
            field=models.CharField(help_text="What happened.", max_length=40),
        ),
    ]
