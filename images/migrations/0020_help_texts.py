"""Help texts in plain words, and one label. No column changes: the database is not touched."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0019_jobs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="calibration",
            name="image_record_id",
            field=models.UUIDField(help_text="Record id of the image on which the calibration was drawn.", null=True),
        ),
        migrations.AlterField(
            model_name="calibration",
            name="um_per_pixel",
            field=models.FloatField(verbose_name="micrometres per pixel"),
        ),
        migrations.AlterField(
            model_name="calibration",
            name="uncertainty_um",
            field=models.FloatField(help_text="Standard uncertainty of the size of a pixel.", null=True),
        ),
        migrations.AlterField(
            model_name="finding",
            name="place",
            field=models.CharField(help_text="Path of the file, relative to the folder of images.", max_length=300),
        ),
        migrations.AlterField(
            model_name="image",
            name="binned_at",
            field=models.DateTimeField(blank=True, help_text="When the image was moved to the bin.", null=True),
        ),
        migrations.AlterField(
            model_name="image",
            name="binned_run_day",
            field=models.PositiveIntegerField(
                editable=False,
                help_text="The count of run days when the sweep first saw the image in the bin.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="changed_since_capture",
            field=models.BooleanField(
                editable=False,
                help_text="True if the pixels differ from those of the capture; empty if unknown.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="file_size",
            field=models.BigIntegerField(help_text="Size of the file in bytes."),
        ),
        migrations.AlterField(
            model_name="image",
            name="idempotency_key",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="The key that the client gave its request. It is removed after a day or more.",
                max_length=200,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="is_adopted",
            field=models.BooleanField(default=False, help_text="The row was made later, from the file."),
        ),
        migrations.AlterField(
            model_name="image",
            name="job_slot",
            field=models.PositiveBigIntegerField(
                blank=True,
                editable=False,
                help_text="The image's place in the plan of its job, counted from 0.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="key_run_day",
            field=models.PositiveIntegerField(
                editable=False, help_text="The count of run days when the sweep first saw the key.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="revision",
            field=models.PositiveIntegerField(
                editable=False, help_text="How often the image was changed. Its sidecar has the same number.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="search_text",
            field=models.TextField(
                editable=False, help_text="File name and searched texts, in the form that searches compare.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="um_per_pixel_x",
            field=models.FloatField(
                blank=True, help_text="Horizontal size of a pixel in micrometres; empty if unknown.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="image",
            name="um_per_pixel_y",
            field=models.FloatField(
                blank=True, help_text="Vertical size of a pixel in micrometres; empty if unknown.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="anchor_at",
            field=models.DateTimeField(
                blank=True, help_text="When slot 0 was due. Empty until the job begins.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="detail",
            field=models.TextField(blank=True, default="", help_text="The message of the camera or the disk."),
        ),
        migrations.AlterField(
            model_name="job",
            name="estimate",
            field=models.JSONField(
                blank=True, help_text="Measured bytes of a picture and seconds of a round.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="events",
            field=models.JSONField(blank=True, default=list, help_text="What happened to the job, newest last."),
        ),
        migrations.AlterField(
            model_name="job",
            name="idempotency_key",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="The key that the client gave its request.",
                max_length=200,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="instrument",
            field=models.CharField(
                blank=True, default="", help_text="The instrument whose camera the job uses.", max_length=100
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="lasting_id",
            field=models.UUIDField(
                default=uuid.uuid4,
                editable=False,
                help_text="The id by which files name the job. It never changes.",
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="paused_by",
            field=models.CharField(
                blank=True, default="", help_text="User name, if a user paused the job.", max_length=150
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="plan",
            field=models.JSONField(blank=True, help_text="Empty for a job that only groups images.", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="reason",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Why the job is paused, or why it ended early, as people see it.",
                max_length=100,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="seat",
            field=models.JSONField(
                blank=True, help_text="Camera, objective and geometry when the job began.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="shift_s",
            field=models.FloatField(default=0, help_text="Seconds by which the remaining slots have moved since then."),
        ),
        migrations.AlterField(
            model_name="job",
            name="starts_at",
            field=models.DateTimeField(blank=True, help_text="Earliest start. Empty: as soon as possible.", null=True),
        ),
        migrations.AlterField(
            model_name="jobgap",
            name="detail",
            field=models.TextField(blank=True, default="", help_text="The message of the camera or the disk."),
        ),
        migrations.AlterField(
            model_name="jobgap",
            name="reason",
            field=models.CharField(help_text="Why the slots were missed, as people see it.", max_length=100),
        ),
        migrations.AlterField(
            model_name="jobgap",
            name="until",
            field=models.DateTimeField(help_text="When the last of these slots could no longer be taken."),
        ),
        migrations.AlterField(
            model_name="objective",
            name="is_retired",
            field=models.BooleanField(
                default=False, help_text="A retired objective can no longer be chosen or calibrated."
            ),
        ),
        migrations.AlterField(
            model_name="objective",
            name="magnification",
            field=models.FloatField(help_text="As engraved on the objective."),
        ),
        migrations.AlterField(
            model_name="rundaycount",
            name="counted_on",
            field=models.DateField(help_text="The date on which a day was counted last."),
        ),
        migrations.AlterField(
            model_name="rundaycount",
            name="expected_at",
            field=models.DateTimeField(help_text="The time that the clock should have shown at the last tick."),
        ),
        migrations.AlterField(
            model_name="rundaycount",
            name="ran_s",
            field=models.FloatField(default=0, help_text="Seconds of running since the last counted day."),
        ),
        migrations.AlterField(
            model_name="verification",
            name="counts",
            field=models.JSONField(default=dict, help_text="Number of findings of each kind."),
        ),
        migrations.AlterField(
            model_name="verification",
            name="last_image_id",
            field=models.BigIntegerField(default=0, help_text="Images up to this id have been read again."),
        ),
        migrations.AlterField(
            model_name="verification",
            name="seconds",
            field=models.FloatField(default=0, help_text="How long the run worked, without interruptions."),
        ),
        migrations.AlterField(
            model_name="verification",
            name="seen_at",
            field=models.DateTimeField(auto_now_add=True, help_text="When the progress was last saved."),
        ),
        migrations.AlterField(
            model_name="verification",
            name="started_by",
            field=models.CharField(blank=True, help_text="Account on the computer that ran it.", max_length=150),
        ),
    ]
