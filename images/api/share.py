"""API of share links: make, list and revoke."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.api.serializers import StrictSerializer
from images.api.fields import WholeNumberField
from images.models import MAX_ID, ShareLink
from images.models.share import MAX_DAYS
from images.permissions import may_end_link
from images.share.links import (
    MAX_IMAGES,
    PARTS,
    has_ended,
    list_share_links,
    make_share_link,
    path_of,
    revoke_share_link,
)


class NewShareLinkSerializer(StrictSerializer):
    """What a link shows: either images or a job."""

    images = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=MAX_ID), allow_empty=False, max_length=MAX_IMAGES, required=False
    )
    job = WholeNumberField(min_value=1, max_value=MAX_ID, required=False, help_text="All pictures of this job.")
    days = WholeNumberField(min_value=1, max_value=MAX_DAYS, default=7, help_text="The link ends after these.")
    mayLoad = serializers.ChoiceField(
        ShareLink.MayLoad.choices,
        default="copy",
        help_text="`nothing`: look only. `copy`: also a JPG without a record. `original`: also the originals, whose "
        "records say everything about them.",
    )
    shows = serializers.ListField(
        child=serializers.ChoiceField(PARTS),
        default=["sample", "settings", "person"],
        max_length=len(PARTS),
        help_text="What is shown beside the picture, its scale and its time.",
    )

    def validate(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if ("images" in wanted) == ("job" in wanted):
            raise serializers.ValidationError({"images": ["Give either images or a job."]})
        return wanted


class AskedLinksSerializer(StrictSerializer):
    image = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    job = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class ShareLinkSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.CharField(
        allow_null=True,
        help_text="Whoever has it gets in until the link ends. Null for links of others and ended ones.",
    )
    images = serializers.IntegerField(help_text="The number of chosen images; 0 for a job.")
    job = serializers.IntegerField(allow_null=True)
    mayLoad = serializers.ChoiceField(ShareLink.MayLoad.choices)
    shows = serializers.ListField(child=serializers.ChoiceField(PARTS))
    madeBy = serializers.CharField()
    isOwn = serializers.BooleanField()
    mayRevoke = serializers.BooleanField()
    hasEnded = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    endsAt = serializers.DateTimeField()
    revokedAt = serializers.DateTimeField(allow_null=True)
    revokedBy = serializers.CharField(allow_null=True)
    openedCount = serializers.IntegerField()


def describe_share_link(link: ShareLink, request: Request, images: int) -> dict[str, Any]:
    is_over, may_end = has_ended(link), may_end_link(request.user, link)
    return {
        "id": link.pk,
        "url": request.build_absolute_uri(path_of(link)) if may_end and not is_over else None,
        "images": images,
        "job": link.job_id,
        "mayLoad": link.may_load,
        "shows": link.shows,
        "madeBy": link.made_by.display_name,
        "isOwn": link.made_by_id == request.user.pk,
        "mayRevoke": may_end and not is_over,
        "hasEnded": is_over,
        "createdAt": link.created_at,
        "endsAt": link.expires_at,
        "revokedAt": link.revoked_at,
        "revokedBy": link.revoked_by.display_name if link.revoked_by else None,
        "openedCount": link.opened_count,
    }


class ShareLinkListView(APIView):
    needs = {"GET": "share", "POST": "share"}

    @extend_schema(
        tags=["share links"],
        summary="List the newest share links to an image or a job; without either, those that you may revoke",
        parameters=[OpenApiParameter("image", int), OpenApiParameter("job", int)],
        responses=ShareLinkSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        asked = AskedLinksSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        image_id, job_id = asked.validated_data.get("image"), asked.validated_data.get("job")
        links = list_share_links(request.user, image_id=image_id, job_id=job_id)
        return Response([describe_share_link(link, request, link.picture_count) for link in links])  # type: ignore[attr-defined]

    @extend_schema(
        tags=["share links"],
        summary="Make a link to images or a job for people without an account",
        request=NewShareLinkSerializer,
        responses={201: ShareLinkSerializer},
        examples=[
            OpenApiExample(
                "One image for a week",
                {"images": [1], "days": 7, "mayLoad": "copy", "shows": ["sample", "settings"]},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        asked = NewShareLinkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        image_ids = wanted.get("images")
        link = make_share_link(
            request.user,
            image_ids=image_ids,
            job_id=wanted.get("job"),
            days=wanted["days"],
            may_load=wanted["mayLoad"],
            shows=wanted["shows"],
        )
        return Response(describe_share_link(link, request, len(set(image_ids or []))), status=201)


class ShareLinkView(APIView):
    needs = {"DELETE": "share"}

    @extend_schema(
        tags=["share links"],
        summary="Revoke a share link. It opens nothing from now on",
        responses={204: OpenApiResponse(description="Revoked.")},
    )
    def delete(self, request: Request, link_id: int) -> Response:
        revoke_share_link(link_id, request.user)
        return Response(status=204)
