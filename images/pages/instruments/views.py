"""The page of the microscopes, and its parts that renew themselves. A PC alone has no such page."""

from typing import Any
from uuid import UUID

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Count
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.views.generic import TemplateView

from images.models import Job
from images.overview.read import InstrumentNow, read_instruments
from images.pages.instruments.cards import describe_card
from images.pages.instruments.pictures import find_small_pictures
from images.pages.instruments.timelines import draw_timelines
from images.pages.parts import PartsView
from images.permissions import VIEW
from images.roles import is_of_several


class InstrumentsPage(PermissionRequiredMixin, TemplateView):
    template_name = "images/instruments.html"
    permission_required = VIEW

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        is_narrowed = self.request.GET.get("problem") == "true"
        return super().get_context_data(**describe_page(), is_narrowed=is_narrowed, **context)


class InstrumentsPartsView(PartsView):
    """Each card is a part of its own: its picture stays beside it."""

    def describe(self, request: HttpRequest, **where: Any) -> dict[str, Any]:
        return describe_page()

    def render(self, request: HttpRequest, context: dict[str, Any]) -> dict[str, str]:
        head = render_to_string("images/instruments/head.html", context, request)
        cards = {
            f"card-{card['id']}": render_to_string("images/instruments/card.html", {"card": card}, request)
            for card in context["cards"]
        }
        return {"head": head, **cards}


def describe_page() -> dict[str, Any]:
    """Return the context of the templates. Raises Http404 on a PC alone."""
    if not is_of_several():
        raise Http404
    instruments = read_instruments()
    pictures, waiting = find_small_pictures(instruments), count_waiting(instruments)
    timelines = draw_timelines([one.job for one in instruments if one.job])
    cards = [
        describe_card(one, waiting.get(one.row.pk, 0))
        | {"picture": pictures.get(one.row.pk), "timeline": timelines.get(one.job.pk) if one.job else None}
        for one in instruments
    ]
    return {"cards": cards, "counts": count_cards(cards)}


def count_cards(cards: list[dict[str, Any]]) -> dict[str, int]:
    lost = sum(card["is_lost"] for card in cards)
    return {
        "all": len(cards),
        "answering": len(cards) - lost,
        "lost": lost,
        "simulated": sum(card["is_simulated"] for card in cards),
    }


def count_waiting(instruments: list[InstrumentNow]) -> dict[UUID | None, int]:
    """Return how many jobs wait at each instrument, if any do."""
    jobs = Job.objects.with_plan().filter(state__in=Job.WAITING, instrument__in=[one.row.pk for one in instruments])
    return dict(jobs.order_by().values_list("instrument").annotate(Count("pk")))
