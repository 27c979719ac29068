"""This deployment's domains with a user model of somebody else."""

from pathlib import Path

from tests.projects import project, reported

SETTINGS = """
import os
from pathlib import Path
os.environ.update(UPKEEP_HOME=str(Path(__file__).parent), UPKEEP_ENV_FILE="")
from backend.config.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "people"]
AUTH_USER_MODEL = "people.Person"
"""
PERSON = """
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
class Person(AbstractBaseUser):
    username = models.CharField(max_length=50, unique=True)
    email = models.EmailField()
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "username"
"""
OTHERS = """
    full_name = models.CharField(max_length=50)
    first_name = models.CharField(max_length=50)
    last_name = models.CharField(max_length=50)
    is_staff = models.BooleanField(default=False)
    is_superuser = models.BooleanField(default=False)
"""


def test_a_user_model_that_lacks_what_a_domain_wants_is_told_so_at_start(tmp_path: Path) -> None:
    made = project(tmp_path, {"shop/__init__.py": "", "shop/settings.py": SETTINGS, "people/models.py": PERSON})
    done = made.manage("make_users", "people.csv")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    lacking = "first_name, full_name, is_staff, is_superuser, last_name"
    assert reported(done.stderr) == {
        "accounts.E001": [f"The user model people.Person lacks what make_users writes: {lacking}."],
        "tracking.E001": [f"The user model people.Person lacks what organizations know of their members: {lacking}."],
    }
    made.write({"people/models.py": PERSON + OTHERS})
    assert made.manage("check").stderr == ""
