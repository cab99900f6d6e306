"""The folded texts of jobs, and an index of the days on which they began, for the filters of their list."""

from django.db import migrations, models

import folding.fields
from folding.fields import fold_lines

ROWS_AT_ONCE = 500


def fold_texts(apps, schema_editor):
    jobs = apps.get_model("images", "Job").objects
    for job in jobs.only("id", "name", "plan").order_by("id").iterator(ROWS_AT_ONCE):
        plan = job.plan if isinstance(job.plan, dict) else {}
        metadata = plan.get("metadata") or {}
        wishes = metadata.get("microscope") or {} if isinstance(metadata, dict) else {}
        texts = [str(wishes.get(name) or "") if isinstance(wishes, dict) else "" for name in ("sample", "note")]
        jobs.filter(pk=job.pk).update(search_text=fold_lines([job.name, *texts]))


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0022_queue_place"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="search_text",
            field=folding.fields.FoldedField(
                editable=False, help_text="Its texts, folded for the search.", null=True, of=["name", "sample", "note"]
            ),
        ),
        migrations.AddIndex(model_name="job", index=models.Index(fields=["anchor_at"], name="jobs_begun")),
        migrations.RunPython(fold_texts, migrations.RunPython.noop),
    ]
