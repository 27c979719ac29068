from django.apps import AppConfig


class CollectionConfig(AppConfig):
    """A person's DVDs."""

    name = "backend.collection"
    label = "collection"
