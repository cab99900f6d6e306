"""What people may say of an image afterwards: note, sample, position. The original keeps what was said at capture."""

from typing import Any

from images.errors import ImageMissing
from images.models import Image
from images.rights import Person, demand_edit


def edit_image(image_id: int, by: Person, **changes: Any) -> Image:
    """Change these columns of an image's row. Raises ImageMissing or NotYours."""
    image = find_image(image_id)
    demand_edit(by, image)
    if changes and not Image.objects.filter(pk=image_id).update(**changes):
        raise ImageMissing(image_id)
    return find_image(image_id)


def find_image(image_id: int) -> Image:
    """With the people it names. Raises ImageMissing."""
    image = Image.objects.select_related("user", "binned_by").filter(pk=image_id).first()
    if image is None:
        raise ImageMissing(image_id)
    return image
