"""Finds the files of the library on the disk, as a person would who looks into its folder."""

from pathlib import Path

from images.archive.archive import StoredFile
from images.archive.names import location_of
from images.archive.sidecar import sidecar_of
from images.library import the_library


def path_of(kept: StoredFile) -> Path:
    return the_library().archive.path_at(kept.location)


def sidecar_path_of(filename: str) -> Path:
    archive = the_library().archive
    return archive.path_at(sidecar_of(archive, location_of(filename)))
