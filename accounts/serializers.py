"""What the sign-in calls take and answer."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from rest_framework import serializers
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer

from accounts.throttling import throttled


class LoginSerializer(TokenObtainPairSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """To sign in by a token is to sign in, and is told as such."""
        pair = super().validate(attrs)
        user_logged_in.send(type(self.user), request=self.context["request"], user=self.user)
        return pair


class RefreshSerializer(TokenRefreshSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """Refresh tokens die, as access tokens do, with a changed password and with the account."""
        with throttled(self.context["request"], "refresh"):
            JWTAuthentication().get_user(self.token_class(attrs["refresh"]))
            return super().validate(attrs)


class LogoutSerializer(serializers.Serializer):
    refresh = serializers.CharField(help_text="The refresh token of the session to end.")


class UserSerializer(serializers.ModelSerializer):
    roles = serializers.SlugRelatedField(source="groups", slug_field="name", many=True, read_only=True)
    isStaff = serializers.BooleanField(source="is_staff", read_only=True)
    canView = serializers.SerializerMethodField()
    canCapture = serializers.SerializerMethodField()

    class Meta:
        model = get_user_model()
        fields = ["id", "username", "roles", "isStaff", "canView", "canCapture"]

    def get_canView(self, user) -> bool:  # noqa: N802 (the API's name)
        return user.has_perm("images.view_image")

    def get_canCapture(self, user) -> bool:  # noqa: N802
        return user.has_perm("images.capture_image")
