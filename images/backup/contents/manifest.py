"""The manifest of a backup. It is written last, so a backup without a manifest is unfinished."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camera.durable_files import replace_file
from images.backup.contents.entries import DayList, Entry, parse_list
from images.backup.errors import BackupDamaged

MANIFEST = "manifest.json"
SCHEMA = "microscope.backup"
VERSION = 1
IMAGES = "images"
LISTS = "files"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One of the few files that are not originals. `name` is relative to the folder of the backup."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class KeptDatabase:
    """The copied database. `kind` is Django's word, `sqlite` or `postgresql`. `rows`: the number of rows of each table.
    `migrations`: pairs of app and name."""

    kind: str
    file: KeptFile
    rows: dict[str, int]
    migrations: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class KeptDay:
    """One day of originals: how many files and bytes, and the SHA-256 of its list."""

    day: str
    file_count: int
    byte_count: int
    list_sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup contains. `missing` and `changed`: file names of originals that were missing or changed in the
    library itself; `in_store`: of those that only the object store holds; only the first ones of each. `others`: the
    settings, and the secret key if it was requested."""

    backup_id: str
    installation: str
    program_version: str
    started_at: str
    finished_at: str
    database: KeptDatabase
    days: list[KeptDay]
    others: list[KeptFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    in_store: list[str] = field(default_factory=list)
    in_store_count: int = 0

    @property
    def file_count(self) -> int:
        return sum(day.file_count for day in self.days)

    @property
    def byte_count(self) -> int:
        return sum(day.byte_count for day in self.days)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest. On return, it is safe on disk. Raises OSError."""
    said = _describe(manifest)
    # The manifest has sums of all files, directly or through the lists. So its own sum covers the whole backup.
    content = {"manifest": said, "sha256": _sum(said)}
    replace_file(folder / MANIFEST, (json.dumps(content, indent=1) + "\n").encode("ascii"))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest. Raises BackupDamaged if it is missing, cut off, altered or foreign, and OSError."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_bytes())
        said = content["manifest"]
        if said["schema"] != SCHEMA or content["sha256"] != _sum(said):
            raise BackupDamaged(f"{path} was altered or is damaged. Use another backup.")
        # The sum comes first: a damaged version number would send the user to look for a version that does not exist.
        if said["version"] != VERSION:
            raise BackupDamaged(f"{path} was written by a newer version of the program. Install that version.")
        return _parse(said)
    except FileNotFoundError as problem:
        raise BackupDamaged(f"{folder} holds no finished backup: there is no {MANIFEST}.") from problem
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BackupDamaged(f"{path} is damaged ({problem!r}). Use another backup.") from problem


def read_days(folder: Path, manifest: Manifest) -> Iterator[tuple[KeptDay, dict[str, Entry]]]:
    """Yield each day with its files, oldest first. Raises BackupDamaged if a list differs from the manifest."""
    for day in manifest.days:
        path = DayList(folder / LISTS, day.day).path
        try:
            content = path.read_bytes()
        except FileNotFoundError as problem:
            raise BackupDamaged(f"The list {path} is missing. Use another backup.") from problem
        if hashlib.sha256(content).hexdigest() != day.list_sha256:
            raise BackupDamaged(f"The list {path} is not the one of the manifest. Use another backup.")
        yield day, parse_list(content, path)


def _describe(manifest: Manifest) -> dict[str, Any]:
    database = manifest.database
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "id": manifest.backup_id,
        "installation": manifest.installation,
        "programVersion": manifest.program_version,
        "startedAt": manifest.started_at,
        "finishedAt": manifest.finished_at,
        "database": {
            "kind": database.kind,
            "file": _describe_file(database.file),
            "rows": database.rows,
            "migrations": [list(one) for one in database.migrations],
        },
        "days": [
            {"day": day.day, "files": day.file_count, "bytes": day.byte_count, "listSha256": day.list_sha256}
            for day in manifest.days
        ],
        "others": [_describe_file(one) for one in manifest.others],
        "missing": manifest.missing,
        "changed": manifest.changed,
        "inStore": manifest.in_store,
        "inStoreCount": manifest.in_store_count,
    }


def _parse(said: dict[str, Any]) -> Manifest:
    return Manifest(
        backup_id=str(said["id"]),
        installation=str(said["installation"]),
        program_version=str(said["programVersion"]),
        started_at=str(said["startedAt"]),
        finished_at=str(said["finishedAt"]),
        database=_parse_database(said["database"]),
        days=[_parse_day(day) for day in said["days"]],
        others=[_parse_file(one) for one in said["others"]],
        missing=list(said["missing"]),
        changed=list(said["changed"]),
        # Backups of earlier versions do not say it.
        in_store=list(said.get("inStore", [])),
        in_store_count=int(said.get("inStoreCount", 0)),
    )


def _parse_database(said: dict[str, Any]) -> KeptDatabase:
    rows = {str(table): int(count) for table, count in said["rows"].items()}
    migrations = [(str(app), str(name)) for app, name in said["migrations"]]
    return KeptDatabase(str(said["kind"]), _parse_file(said["file"]), rows, migrations)


def _parse_day(said: dict[str, Any]) -> KeptDay:
    day = str(said["day"])
    # A forged manifest must not make a restore write outside its folder.
    if Path(day).name != day:
        raise ValueError(f"{day!r} is not a day")
    return KeptDay(day, int(said["files"]), int(said["bytes"]), str(said["listSha256"]))


def _describe_file(one: KeptFile) -> dict[str, Any]:
    return {"name": one.name, "size": one.size_bytes, "sha256": one.sha256}


def _parse_file(said: dict[str, Any]) -> KeptFile:
    name = str(said["name"])
    if Path(name).name != name:
        raise ValueError(f"{name!r} is not the name of a file")
    return KeptFile(name, int(said["size"]), str(said["sha256"]))


def _sum(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode("ascii")).hexdigest()
