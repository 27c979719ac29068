from django.contrib.postgres.fields import ArrayField
from django.db import models


class LimitedReader(models.Model):
    """A user of the database who sees the rows of these organizations in the reports, and no others.

    The views know them by either of both: names change, and a restored database has other oids. One whose
    organizations are all gone stays limited, and sees nothing.
    """

    username = models.TextField(unique=True)
    role_oid = models.BigIntegerField(help_text="PostgreSQL's number of the user.")
    organization_ids = ArrayField(models.UUIDField())

    def __str__(self) -> str:
        return self.username
