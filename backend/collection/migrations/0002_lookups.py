from typing import ClassVar

from django.db import migrations, models

NAMES = ("imdb_id_asked_at", "details_tried_at", "imdb_id_tried_at", "availability_tried_at")


class Migration(migrations.Migration):
    """When a DVD's IMDb id was asked for, and when each kind of look-up was last tried in vain."""

    dependencies: ClassVar = [("collection", "0001_initial")]
    operations: ClassVar = [
        migrations.AddField("dvd", name, models.DateTimeField(null=True, blank=True, editable=False)) for name in NAMES
    ]
