from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Which tasks are alike: the similarity index and what is found with it."""

    name = "backend.search"
    label = "search"

    def ready(self) -> None:
        from backend.search import checks  # noqa: F401, PLC0415 - registers them, once models are loaded
