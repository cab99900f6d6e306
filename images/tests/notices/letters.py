"""Puts notices into the outbox, delivers them, and says what became of them."""

from images.models import Delivery
from images.notices.deliverer import Deliverer
from images.notices.notices import What
from images.notices.outbox import put_in_outbox
from images.tests.clocks import START
from images.tests.conftest import wait_until

SECRET = "a-secret-of-more-than-thirty-two-characters"


def tell(job, what=What.FINISHED, reason="", detail="") -> None:
    put_in_outbox(job, what, START, reason, detail)


def look_until(deliverer, is_so) -> None:
    def look() -> bool:
        deliverer.look()
        return is_so()

    wait_until(look)


def states() -> list[tuple[str, int]]:
    return list(Delivery.objects.order_by("id").values_list("state", "tries"))


def make_deliverer(clock, **fields) -> Deliverer:
    return Deliverer(lambda: None, clock, **fields)
