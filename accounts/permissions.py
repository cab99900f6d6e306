"""Reads the permissions of a user, of their own and of their groups, in one query. Every request of the API asks it."""

from functools import cache

from django.contrib.auth.models import Permission
from django.db import connection


def read_permissions(user_id: int) -> set[str]:
    """Return the names of the permissions as the database has them now: {"images.view_image", ...}."""
    with connection.cursor() as cursor:
        cursor.execute(_write_query(), [user_id, user_id])
        return {f"{app}.{name}" for app, name in cursor.fetchall()}


@cache
def _write_query() -> str:
    """Return the query with two places for the number of the user. Django takes much longer to write it than the
    database to answer it, so it is written once."""
    fields = ("content_type__app_label", "codename")
    # The numbers here are only there to have places for numbers.
    of_groups = Permission.objects.filter(group__user=1).order_by().values_list(*fields)
    of_the_user = Permission.objects.filter(user=1).order_by().values_list(*fields)
    text, _ = of_groups.union(of_the_user, all=True).query.sql_with_params()
    return text
