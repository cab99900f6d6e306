"""Sign-in, tokens, roles."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The first module registers a system check. The others listen to saved tokens and users.
        from accounts import first_administrator  # noqa: F401
        from accounts.personal_tokens import tokens  # noqa: F401
        from accounts.sign_in import rotation  # noqa: F401
