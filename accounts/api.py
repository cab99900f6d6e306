"""Sign in, refresh, sign out, who am I."""

from django.contrib.auth.signals import user_logged_out
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from accounts.serializers import LoginSerializer, LogoutSerializer, RefreshSerializer, UserSerializer
from accounts.tokens import TokenError, revoke


@extend_schema(tags=["auth"], summary="Sign in: a pair of tokens for a name and a password")
class LoginView(TokenObtainPairView):
    serializer_class = LoginSerializer
    needs = {"POST": "nothing"}
    permission_classes = []


@extend_schema(tags=["auth"], summary="A new pair of tokens; the old refresh token dies")
class RefreshView(TokenRefreshView):
    serializer_class = RefreshSerializer
    needs = {"POST": "nothing"}
    permission_classes = []


class LogoutView(APIView):
    """The tokens of this session are worth nothing afterwards."""

    needs = {"POST": "sign-in"}

    @extend_schema(
        tags=["auth"],
        summary="Sign out: both tokens die",
        request=LogoutSerializer,
        responses={204: OpenApiResponse(description="Signed out.")},
    )
    def post(self, request: Request) -> Response:
        serializer = LogoutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            revoke(serializer.validated_data["refresh"], request.auth)
        except TokenError as dead:
            raise InvalidToken({"detail": "The refresh token is not valid, or no longer."}) from dead
        user_logged_out.send(type(request.user), request=request, user=request.user)
        return Response(status=204)


class MeView(APIView):
    needs = {"GET": "sign-in"}

    @extend_schema(tags=["auth"], summary="Who is signed in, and what they may do", responses=UserSerializer)
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(request.user).data)
