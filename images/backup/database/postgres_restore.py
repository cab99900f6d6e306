"""Restores PostgreSQL's database with `pg_restore`, in one transaction."""

import threading
from pathlib import Path

from images.backup.contents.manifest import KeptDatabase
from images.backup.database.postgres_dump import address, connect_alone, password, query_of
from images.backup.database.programs import find_program, run_program
from images.backup.database.queries import require_rows


def restore_postgres(source: Path, kept: KeptDatabase, stop: threading.Event) -> None:
    """See restore_database in backup/restoring. Replaces tables that an interrupted run had committed already."""
    with connect_alone() as server:
        program = find_program("pg_restore", server.info.server_version // 10_000)
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"]
    command = [str(program), *options, "--clean", "--if-exists", "--no-password", f"--dbname={address()}", str(source)]
    run_program(command, password(), stop, source.parent)
    with connect_alone() as server:
        require_rows(query_of(server), kept)
