"""Template filters for times."""

from datetime import datetime

from django import template

register = template.Library()


@register.filter(expects_localtime=True)
def zone(moment: datetime) -> str:
    """Return the name of the time zone at this moment, such as CET. Django's `date:"T"` gives no name in the hour that
    comes twice when the clocks go back, and in that hour people need it."""
    return moment.tzname() or ""
