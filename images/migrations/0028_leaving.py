"""Originals that have left this disk, because the object store holds them; and what else is in the store."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("images", "0027_store")]

    operations = [
        migrations.AlterField(
            model_name="image",
            name="place",
            field=models.CharField(
                choices=[
                    ("both", "on the instrument and in the store"),
                    ("store", "in the store"),
                    ("conflict", "the store has other bytes"),
                    ("lost", "lost by the store"),
                ],
                editable=False,
                max_length=8,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="evicted_at",
            field=models.DateTimeField(editable=False, help_text="When the original left this disk.", null=True),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=Q(("binned_at__isnull", True), ("place", "both"), ("verified_at__isnull", False)),
                fields=["captured_at", "id"],
                name="images_may_leave",
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="stored_revision",
            field=models.PositiveIntegerField(
                editable=False, help_text="The last revision of its changes that is in the store.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=Q(
                    ("place__isnull", False),
                    ("revision__isnull", False),
                    Q(("stored_revision__isnull", True), ("revision__gt", F("stored_revision")), _connector="OR"),
                ),
                fields=["id"],
                name="images_change_not_stored",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="stored_parts",
            field=models.PositiveIntegerField(
                editable=False, help_text="How many parts of its file are in the object store.", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="stored_bytes",
            field=models.PositiveBigIntegerField(editable=False, help_text="The bytes of these parts.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="is_file_stored",
            field=models.BooleanField(
                editable=False, help_text="True once the job has ended and all of its file is in the store.", null=True
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="in_store_count",
            field=models.PositiveIntegerField(
                default=0, help_text="Of these, originals that are only in the store, and were not read."
            ),
        ),
    ]
