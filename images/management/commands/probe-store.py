# ruff: noqa: N999 (people type probe-store)
"""Try the object store out, and say what can be relied on."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.store.findings import list_findings
from images.store.probe import probe_store
from images.store.watch import the_store_watch

NOT_RELIABLE = 2


class Command(BaseCommand):
    help = (
        "Try the object store of the settings out: put a few small objects under probe/, spoil some on the way, ask "
        "for them again, and remove them. Prints what the store does. Exit code: 0 it can be relied on, 1 it cannot be "
        "tried out, 2 it must not be the only place of a picture."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        watch = the_store_watch()
        if watch is None:
            raise CommandError("No store is set: set S3_BUCKET and its keys.")
        bucket = watch.store.bucket
        self.stdout.write(f"Bucket {bucket.name} at {bucket.endpoint or 'AWS'}")
        result = probe_store(watch.store)
        if result.problem:
            raise CommandError(f"{result.problem} {result.problem.todo}")
        for finding in list_findings(result):
            self.stdout.write(f"{'!' if finding.is_fault else 'ok':<4} {finding.sentence}")
        if not result.may_evict:
            self.stdout.write("This store must not be the only place of a picture.")
            sys.exit(NOT_RELIABLE)
        self.stdout.write(f"This store can be relied on. ({result.took_s:.1f} s)")
