from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Member(AbstractBaseUser):
    """A user model that has little in common with Django's."""

    number = models.CharField(max_length=20, primary_key=True)

    objects = BaseUserManager()

    USERNAME_FIELD = "number"
