"""The bodies of requests about personal tokens, and of their answers."""

from rest_framework import serializers

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import MAX_DAYS, MAX_NAME_LENGTH


class NewTokenSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=MAX_NAME_LENGTH, help_text="The script or the program that uses it.")
    scope = serializers.ChoiceField(
        choices=PersonalToken.Scope.choices,
        default="view",
        help_text="`view`: GET and HEAD only. `capture`: also capture, set the camera, plan jobs, and change your own "
        "images, if you may do so yourself.",
    )
    days = serializers.IntegerField(
        min_value=1, max_value=MAX_DAYS, default=90, help_text="The token ends after these."
    )


class TokenSerializer(serializers.ModelSerializer):
    createdAt = serializers.DateTimeField(source="created_at")
    endsAt = serializers.DateTimeField(source="expires_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at", allow_null=True, help_text="To the minute.")
    lastUsedFrom = serializers.CharField(source="last_used_from", help_text="An address; empty if it was never used.")
    revokedAt = serializers.DateTimeField(source="revoked_at", allow_null=True)

    class Meta:
        model = PersonalToken
        fields = ["id", "name", "prefix", "scope", "createdAt", "endsAt", "lastUsedAt", "lastUsedFrom", "revokedAt"]


class MadeTokenSerializer(TokenSerializer):
    token = serializers.SerializerMethodField(help_text="Keep it now. It is not shown again.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]

    def get_token(self, token: PersonalToken) -> str:
        return self.context["text"]
