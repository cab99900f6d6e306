"""The API of personal tokens. It needs the password: a token that fell into wrong hands makes no other."""

from typing import cast

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.personal_tokens.authentication import refuse_token
from accounts.personal_tokens.serializers import MadeTokenSerializer, NewTokenSerializer, TokenSerializer
from accounts.personal_tokens.tokens import list_tokens, make_token, revoke_token


class TokenListView(APIView):
    needs = {"GET": "sign-in", "POST": "sign-in"}

    @extend_schema(
        tags=["auth"],
        summary="List your personal tokens, also those that ended in the last 90 days",
        responses=TokenSerializer(many=True),
        auth=[{"jwtAuth": []}, {"cookieAuth": []}],
    )
    def get(self, request: Request) -> Response:
        refuse_token(request, "list tokens")
        return Response(TokenSerializer(list_tokens(cast(User, request.user)), many=True).data)

    @extend_schema(
        tags=["auth"],
        summary="Make a personal token. Its text is in this answer and nowhere else",
        request=NewTokenSerializer,
        responses={201: MadeTokenSerializer},
        auth=[{"jwtAuth": []}, {"cookieAuth": []}],
        examples=[
            OpenApiExample(
                "For a script that captures",
                {"name": "night_scan.py", "scope": "capture", "days": 90},
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        refuse_token(request, "make tokens")
        wanted = NewTokenSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        token, text = make_token(cast(User, request.user), **wanted.validated_data)
        return Response(MadeTokenSerializer(token, context={"text": text}).data, status=201)


class TokenView(APIView):
    needs = {"DELETE": "sign-in"}

    @extend_schema(
        tags=["auth"],
        summary="Revoke a personal token. It opens nothing from now on",
        responses={204: OpenApiResponse(description="Revoked.")},
        auth=[{"jwtAuth": []}, {"cookieAuth": []}],
    )
    def delete(self, request: Request, token_id: int) -> Response:
        refuse_token(request, "revoke tokens")
        revoke_token(cast(User, request.user), token_id)
        return Response(status=204)
