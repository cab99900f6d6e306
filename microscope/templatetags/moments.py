"""How pages name a moment."""

from datetime import datetime

from django import template

register = template.Library()


@register.filter(expects_localtime=True)
def zone(moment: datetime) -> str:
    """The name of the zone at this moment, such as CET. Django's `date:"T"` names none in the hour that comes twice
    because the clocks go back, which is when people need it."""
    return moment.tzname() or ""
