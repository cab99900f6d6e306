"""The bodies of sign-in requests and of their responses."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from rest_framework import serializers
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer

from accounts.sign_in.tokens import exchange, has_good_signature
from accounts.throttling import Attempt


class LoginSerializer(TokenObtainPairSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """Check name and password, and send Django's signal of a sign-in, so that the audit log shows it."""
        pair = super().validate(attrs)
        user_logged_in.send(type(self.user), request=self.context["request"], user=self.user)
        return pair


class RefreshSerializer(TokenRefreshSerializer):
    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """Exchange the token. A text that was never a refresh token counts as a failed attempt. A token with a good
        signature does not count and does not wait, because nobody can guess one."""
        if not has_good_signature(attrs["refresh"]):
            Attempt(self.context["request"], "refresh").begin()
        return exchange(attrs["refresh"])


class PairSerializer(serializers.Serializer):
    """The answer to signing in and to refreshing."""

    access = serializers.CharField(help_text="Send it as `Authorization: Bearer ...`. It is valid for 15 minutes.")
    refresh = serializers.CharField(help_text="It gives one new pair, within seven days.")


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
