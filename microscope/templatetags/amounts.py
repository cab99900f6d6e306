"""Template filters for amounts."""

from django import template

from images.pages.display_fields import DASH, format_bytes

register = template.Library()


@register.filter
def size(count: float) -> str:
    return format_bytes(round(count))


@register.filter
def grouped(count: int | None) -> str:
    """Return 12,345, as everywhere else. A dash if the number is not known."""
    return DASH if count is None else f"{count:,}"
