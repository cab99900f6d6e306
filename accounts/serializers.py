"""What the sign-in calls take and answer."""

from django.contrib.auth import get_user_model
from rest_framework import serializers


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
