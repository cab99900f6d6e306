"""The API of signing in: sign in, refresh, sign out, and who is signed in."""

from django.contrib.auth.signals import user_logged_out
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from accounts.personal_tokens.authentication import refuse_token
from accounts.sign_in.serializers import (
    LoginSerializer,
    LogoutSerializer,
    PairSerializer,
    RefreshSerializer,
    UserSerializer,
)
from accounts.sign_in.tokens import TokenError, revoke

REFRESH_EXAMPLE = OpenApiExample(
    "Refresh token", {"refresh": "Put the refresh token of your sign-in here"}, request_only=True
)


@extend_schema(
    tags=["auth"],
    summary="Sign in with name and password. Returns a pair of tokens",
    responses=PairSerializer,
    examples=[
        OpenApiExample(
            "Name and password", {"username": "admin", "password": "Put your password here"}, request_only=True
        )
    ],
)
class LoginView(TokenObtainPairView):
    serializer_class = LoginSerializer
    needs = {"POST": "nothing"}
    permission_classes = []


@extend_schema(
    tags=["auth"],
    summary="Get a new pair of tokens. The old refresh token ends",
    responses=PairSerializer,
    examples=[REFRESH_EXAMPLE],
)
class RefreshView(TokenRefreshView):
    serializer_class = RefreshSerializer
    needs = {"POST": "nothing"}
    permission_classes = []


class LogoutView(APIView):
    """End both tokens of this session."""

    needs = {"POST": "sign-in"}

    @extend_schema(
        tags=["auth"],
        summary="Sign out. Both tokens end",
        request=LogoutSerializer,
        examples=[REFRESH_EXAMPLE],
        responses={204: OpenApiResponse(description="Signed out.")},
    )
    def post(self, request: Request) -> Response:
        refuse_token(request, "sign out")
        serializer = LogoutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            revoke(serializer.validated_data["refresh"], request.auth)
        except TokenError as dead:
            raise InvalidToken({"detail": "The refresh token is not valid any more. Sign in again."}) from dead
        user_logged_out.send(type(request.user), request=request, user=request.user)
        return Response(status=204)


class MeView(APIView):
    needs = {"GET": "sign-in"}

    @extend_schema(
        tags=["auth"], summary="Get the user who is signed in, and what the user may do", responses=UserSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(request.user).data)
