"""Who an account of GitLab is: people, programs, and what stands for people who are gone or were imported.

The lists of issues and of merge requests do not say what kind an account is, but for its name:
https://docs.gitlab.com/administration/internal_users/ and https://docs.gitlab.com/user/import/mapping/.
"""

import re

from pydantic import Field

from backend.tracking.connectors.wire import Identifier
from backend.tracking.kernel.records import Person
from upkeep.remote.wire import Answer, Text

NOBODY = re.compile(
    r"(?:ghost|gitlabduo|(?:support|alert|migration|visual-review|suggested-reviewers)-bot"
    r"|gitlab-(?:admin|automation|llm|security|security-policy)-bot|automation-bot)\d*"
    r"|(?:project|group)_\d+_bot(?:\d*|_[0-9a-z]+)"
    r"|service_account_(?:(?:project|group)_\d+_)?[0-9a-f]{16,}"
    r"|.+_placeholder_(?:user_\d+|[0-9a-z]+)"
    r"|import_user_.+",
    re.IGNORECASE,
)
"""Usernames that GitLab gives itself. A number is at the end where the name was taken."""
PEOPLE = ("", "human")


class User(Answer):
    """An account. The lists have no e-mail addresses."""

    username: Identifier
    id: Identifier | None = None
    name: Text = ""
    bot: bool | None = None
    type: Text = Field("", alias="user_type")

    @property
    def person(self) -> Person | None:
        """Who that is; bots, removed users and placeholders are nobody."""
        if self.bot or self.type.lower() not in PEOPLE or NOBODY.fullmatch(self.username):
            return None
        return Person(self.username, self.name, external_id=self.id or "")
