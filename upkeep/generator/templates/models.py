from django.db import models


class Item(models.Model):
    """What the operations of this app go through: rename it, and give it the fields that it needs."""

    code = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.code
