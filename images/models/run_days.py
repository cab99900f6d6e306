"""The table that counts the days on which the program ran."""

from django.db import models
from django.db.models import Q


class RunDayCount(models.Model):
    """The count of the days on which the program ran, in one row: see images/run_days.py."""

    days = models.PositiveIntegerField(default=0)
    ran_s = models.FloatField(default=0, help_text="Seconds of running since the last counted day.")
    counted_on = models.DateField(help_text="The date on which a day was counted last.")
    expected_at = models.DateTimeField(help_text="The time that the clock should have shown at the last tick.")
    is_clock_in_doubt = models.BooleanField(default=False)

    class Meta:
        db_table = "run_day_count"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="run_day_count_is_one_row")]

    def __str__(self) -> str:
        return f"{self.days} days"
