"""GET /metrics: numbers for Prometheus. They are read when it asks, and cost the same however large the library is."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import ProcessCollector
from prometheus_client.exposition import choose_encoder
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import PersonalToken
from microscope.http.proxy import is_from_this_pc
from microscope.metrics.captures import REGISTRY
from microscope.metrics.measured import Measured
from microscope.permissions import PERMISSION_BY_NEED, HasNeeded

REGISTRY.register(Measured())
ProcessCollector(registry=REGISTRY)


class FromThisPcOrNeeded(HasNeeded):
    """A program on the PC itself needs no token: it could read the data folder too. From elsewhere, Prometheus uses the
    personal token of a manager, because it cannot sign in every 15 minutes. The numbers name nobody, so a token that
    may only view is enough."""

    def has_permission(self, request: Request, view: object) -> bool:
        if is_from_this_pc(request._request):
            return True
        if isinstance(request.auth, PersonalToken):
            return any(map(request.user.has_own_perm, PERMISSION_BY_NEED["oversee"]))
        return super().has_permission(request, view)


class MetricsView(APIView):
    needs = {"GET": "oversee"}
    permission_classes = [FromThisPcOrNeeded]
    media_types = {"GET": ["text/plain", "application/openmetrics-text"]}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return HttpResponse(encode(REGISTRY), content_type=content_type)
