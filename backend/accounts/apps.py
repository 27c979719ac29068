from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The people who sign in."""

    name = "backend.accounts"
    label = "accounts"

    def ready(self) -> None:
        from backend.accounts import checks  # noqa: F401, PLC0415 - registers them, once models are loaded
