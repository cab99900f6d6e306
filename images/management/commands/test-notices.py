# ruff: noqa: N999 (people type test-notices)
"""Send one notice to each address of the settings, and say what became of it."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from images.models import Delivery, Job
from images.notices.addresses import list_addresses
from images.notices.channels import NotDelivered, send
from images.notices.notices import What, describe_facts


class Command(BaseCommand):
    help = (
        "Send a test to the webhook, the e-mail addresses and the ping address of the settings, and print what each "
        "answered. The ping says that a job is finished. Exit code: 0 all took it, 1 nobody is to be told, 2 one "
        "did not take it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        addresses = list_addresses()
        if not addresses:
            raise CommandError("Nobody is to be told: set JOB_WEBHOOK_URL, JOB_EMAIL_TO or JOB_PING_URL.")
        are_taken = [self._try(make_test(address.channel, address.recipient)) for address in addresses]
        if not all(are_taken):
            sys.exit(2)

    def _try(self, delivery: Delivery) -> bool:
        began_s = time.monotonic()
        try:
            send(delivery)
            said = "taken"
        except NotDelivered as problem:
            said = str(problem)
        where = f"{delivery.channel} {delivery.recipient}".strip()
        self.stdout.write(f"{where}: {said} ({time.monotonic() - began_s:.1f} s)")
        return said == "taken"


def make_test(channel: str, recipient: str) -> Delivery:
    """Return a notice about a job that does not exist. It has no row."""
    job = Job(id=0, name="Test of the notices", kind="test", state=Job.State.FINISHED)
    facts = describe_facts(job, What.FINISHED, timezone.now(), "", "This is a test. No job is meant.")
    return Delivery(what=What.FINISHED, facts=facts, channel=channel, recipient=recipient)
