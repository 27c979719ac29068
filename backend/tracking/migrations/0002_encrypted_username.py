from typing import Any

from django.db import migrations, models
from pydantic import SecretStr

from backend.tracking import tokens


def encrypt(apps: Any, _schema_editor: Any) -> None:
    """Encrypt the names that were stored as they are."""
    for tracker in apps.get_model("tracking", "Tracker").objects.exclude(encrypted_username=""):
        tracker.encrypted_username = tokens.encrypted(SecretStr(tracker.encrypted_username))
        tracker.save(update_fields=["encrypted_username"])


def decrypt(apps: Any, _schema_editor: Any) -> None:
    """Store the names as they are. Raises UnreadableTokenError."""
    for tracker in apps.get_model("tracking", "Tracker").objects.exclude(encrypted_username=""):
        name = tokens.decrypted(tracker.encrypted_username, what=f"the api_username of tracker {tracker.name!r}")
        tracker.encrypted_username = name.get_secret_value()
        tracker.save(update_fields=["encrypted_username"])


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]

    operations = [
        migrations.RenameField("tracker", "api_username", "encrypted_username"),
        migrations.AlterField("tracker", "encrypted_username", models.TextField(blank=True, editable=False)),
        migrations.RunPython(encrypt, decrypt),
    ]
