"""Python libraries that no one here wrote, and what they make of files. To import one takes longer than to read with
it, so only a process that reads with it imports it."""

from pathlib import Path
from typing import Any


def open_with_bioio(path: Path) -> Any:
    from bioio import BioImage
    from bioio_ome_tiff import Reader

    return BioImage(path, reader=Reader)


def validate_with_ome_types(xml: str) -> None:
    """Raises an error if the OME-XML is not valid by the schema."""
    from ome_types import validate_xml

    validate_xml(xml)


def read_with_ome_types(path: Path) -> Any:
    """What the OME-XML of a TIFF says."""
    from ome_types import from_tiff

    return from_tiff(path)


def parse_with_ome_types(xml: str) -> Any:
    from ome_types import from_xml

    return from_xml(xml)
