"""The audit log knows when originals left the disk."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("microscope", "0010_webhooks"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="what",
            field=models.CharField(
                choices=[
                    ("captured", "Captured"),
                    ("adopted", "Adopted"),
                    ("changed", "Changed"),
                    ("binned", "Binned"),
                    ("restored", "Restored"),
                    ("removed", "Removed"),
                    ("emptied", "Emptied the bin"),
                    ("evicted", "Moved originals to the store alone"),
                    ("clock_confirmed", "Confirmed the clock"),
                    ("job_planned", "Planned a job"),
                    ("job_begun", "Began a job"),
                    ("job_paused", "Paused a job"),
                    ("job_continued", "Continued a job"),
                    ("job_resumed", "Resumed a job"),
                    ("job_moved", "Moved a job in the queue"),
                    ("job_stopped", "Stopped a job"),
                    ("control_taken", "Took control"),
                    ("control_kept", "Kept control"),
                    ("control_asked", "Asked for control"),
                    ("control_withdrawn", "Asked no longer for control"),
                    ("control_given", "Gave control"),
                    ("control_denied", "Did not give control"),
                    ("control_taken_over", "Took control from another"),
                    ("control_released", "Released control"),
                    ("control_lapsed", "Control ended by itself"),
                    ("job_finished", "Finished a job"),
                    ("job_failed", "Failed a job"),
                    ("signed_in", "Signed in"),
                    ("sign_in_failed", "Failed to sign in"),
                    ("signed_out", "Signed out"),
                    ("password_changed", "Password changed"),
                    ("user_added", "User added"),
                    ("user_changed", "User changed"),
                    ("user_deleted", "User deleted"),
                    ("role_changed", "Role changed"),
                    ("role_deleted", "Role deleted"),
                    ("job_deleted", "Job deleted"),
                    ("token_made", "Made a token"),
                    ("token_revoked", "Revoked a token"),
                    ("link_made", "Made a share link"),
                    ("link_opened", "Opened a share link"),
                    ("link_revoked", "Revoked a share link"),
                ],
                max_length=20,
            ),
        ),
    ]
