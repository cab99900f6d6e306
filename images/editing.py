"""What people may say of an image afterwards: note, sample, position. The original keeps what was said at capture."""

from typing import Any

from images.changing import change_images
from images.errors import ImageMissing
from images.models import Image
from images.rights import Person, demand_edit


def edit_image(image_id: int, by: Person, **changes: Any) -> Image:
    """Change these columns of an image. Raises ImageMissing or NotYours, or a StorageUnavailable; then nothing is
    changed."""
    image = find_image(image_id)
    demand_edit(by, image)
    change_images([image_id], by, lambda _image: changes, "changed")
    return find_image(image_id)


def find_image(image_id: int) -> Image:
    """With the people and the optics it names. Raises ImageMissing."""
    image = Image.objects.with_what_is_told().filter(pk=image_id).first()
    if image is None:
        raise ImageMissing(image_id)
    return image
