import pytest
from django.db import connection
from django.db.models import ProtectedError

from images.edit.bin import bin_image
from images.models import Job

pytestmark = pytest.mark.django_db
OLDER_SYSTEMS_COLUMNS = [
    *("id", "job_id", "user_id", "filename", "thumbnail_path", "captured_at", "x_position", "y_position", "z_position"),
    *("exposure_time", "gain", "file_size", "width", "height", "metadata"),
]


def describe(table: str) -> tuple[dict[str, str], list[tuple[list[str], bool]]]:
    """Return columns with types, and indexes with their uniqueness, as the database reports them."""
    with connection.cursor() as cursor:
        look = connection.introspection
        columns = {one.name: one.type_code for one in look.get_table_description(cursor, table)}
        constraints = look.get_constraints(cursor, table).values()
    return columns, [(one["columns"], bool(one["unique"])) for one in constraints if one["index"] or one["unique"]]


def test_the_table_has_the_older_systems_columns():
    columns, _ = describe("images")
    assert [name for name in OLDER_SYSTEMS_COLUMNS if name not in columns] == []


@pytest.mark.parametrize("columns", [["job_id", "captured_at"], ["user_id", "captured_at"], ["captured_at"]])
def test_searched_columns_have_an_index(columns):
    assert (columns, False) in describe("images")[1]


@pytest.mark.parametrize("column", ["filename", "record_id"])
def test_no_two_images_share_a_name_or_a_record(column):
    assert ([column], True) in describe("images")[1]


def test_jobs_have_a_table_and_images_refer_to_it():
    with connection.cursor() as cursor:
        relations = connection.introspection.get_relations(cursor, "images")
    assert relations["job_id"][:2] == ("id", "jobs")
    assert relations["user_id"][:2] == ("id", "accounts_user")


def test_the_record_is_kept_as_json():
    """On PostgreSQL the column is jsonb. SQLite has no such type: Django knows it by the column's constraint."""
    with connection.cursor() as cursor:
        look = connection.introspection
        [column] = [one for one in look.get_table_description(cursor, "images") if one.name == "metadata"]
        assert look.get_field_type(column.type_code, column) == "JSONField"
    assert connection.data_types["JSONField"] == {"postgresql": "jsonb", "sqlite": "text"}[connection.vendor]


def test_a_user_with_images_cannot_be_deleted(keep_image, operator):
    keep_image()
    with pytest.raises(ProtectedError):
        operator.delete()


def test_a_job_with_images_cannot_be_deleted(keep_image, operator):
    job = Job.objects.create(name="wound healing", user=operator)
    keep_image(job=job)
    with pytest.raises(ProtectedError):
        job.delete()


def test_who_binned_an_image_cannot_be_deleted(keep_image, manager):
    bin_image(keep_image().pk, manager)
    with pytest.raises(ProtectedError):
        manager.delete()
