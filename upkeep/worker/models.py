"""What this deployment last wrote into Beat's schedule, to tell an operator's changes from its own."""

from typing import ClassVar

from django.db import models


class SynchronisedEntry(models.Model):
    """An entry of the default schedule, as code last defined it."""

    name = models.CharField(max_length=200, primary_key=True)
    definition = models.JSONField()

    class Meta:
        verbose_name_plural: ClassVar = "synchronised entries"

    def __str__(self) -> str:
        return self.name
