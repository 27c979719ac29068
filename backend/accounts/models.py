from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from backend.accounts.kernel import cells

_TAKEN = "A user with that username already exists."


class UserManager(DjangoUserManager["User"]):
    """Finds users by name without regard to case, by the index that keeps the names apart."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user of that name. Raises User.DoesNotExist."""
        return self.get(_named(username))

    async def aget_by_natural_key(self, username: str | None) -> "User":
        """The user of that name. Raises User.DoesNotExist."""
        return await self.aget(_named(username))


class User(AbstractUser):
    """A person who may sign in. The username may be an e-mail address; no two differ by case alone."""

    username = models.CharField(
        max_length=cells.USERNAME_LENGTH,
        unique=True,
        help_text="Letters, digits and the punctuation of e-mail addresses. Upper and lower case are the same name.",
        validators=[RegexValidator(cells.USERNAME, "Enter a valid username.")],
        error_messages={"unique": _TAKEN},
    )
    full_name = models.CharField(max_length=cells.FULL_NAME_LENGTH, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined, misc]  # the annotations of Django 5.2 lack it
        constraints = [
            models.UniqueConstraint(
                Lower("username"), name="accounts_user_username_without_case", violation_error_message=_TAKEN
            )
        ]

    def get_full_name(self) -> str:
        """The full name, or else the first and the last name."""
        return self.full_name or super().get_full_name()


def _named(username: str | None) -> "Exact[str]":
    return Exact(Lower("username"), Lower(models.Value(username)))
