"""The three roles, as groups with their permissions."""

from django.db import migrations

PERMISSIONS = {
    "view_image": "Can view image",
    "capture_image": "Can capture images and set the camera",
    "change_image": "Can change image",
    "delete_image": "Can delete image",
}
ROLES = {
    "viewers": ["view_image"],
    "operators": ["view_image", "capture_image"],
    "managers": ["view_image", "capture_image", "change_image", "delete_image"],
}


def make_roles(apps, schema_editor):
    """Django makes permissions only after all migrations, so those needed here are made now."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="images", model="image"
    )
    permission = apps.get_model("auth", "Permission").objects
    made = {
        codename: permission.get_or_create(content_type=content_type, codename=codename, defaults={"name": name})[0]
        for codename, name in PERMISSIONS.items()
    }
    for role, codenames in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(*(made[codename] for codename in codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("images", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
