"""What Beat and deployments remember of Beat's schedule, to know what others changed in it."""

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


class EntryTiming(models.Model):
    """When an entry of django-celery-beat is due, as it was last seen; see `upkeep.worker.timings`."""

    entry = models.IntegerField(primary_key=True, help_text="Its id; no foreign key: that app need not be installed.")
    timing = models.JSONField()
    enabled = models.BooleanField()
    since = models.DateTimeField(null=True, help_text="When it was last moved or enabled: it is not due before that.")
    ended = models.BooleanField(default=False, help_text="It was to run once, and has.")

    def __str__(self) -> str:
        return f"entry {self.entry}: {self.timing}"
