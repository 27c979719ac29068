"""Who an external user is among our users."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from backend.tracking.kernel.records import Person


@dataclass(frozen=True, slots=True)
class Member:
    """A user who belongs to the organization."""

    user_id: int
    username: str
    names: Collection[str]
    """Full names; without regard to case."""
    email: str


class People:
    """The members of an organization, by everything that may name them in an external system.

    Of other users only the username counts: a mapping may name them, and one may be the default user.
    """

    def __init__(self, members: Collection[Member], others: Mapping[str, int] = MappingProxyType({})) -> None:
        self._by_username = {username.casefold(): user_id for username, user_id in others.items()}
        self._by_username |= {member.username.casefold(): member.user_id for member in members}
        named = [(name.casefold().strip(), member.user_id) for member in members for name in {*member.names}]
        number = Counter(name for name, _ in named)
        self._by_name = {name: user_id for name, user_id in named if name and number[name] == 1}
        mails = Counter(member.email.casefold() for member in members)
        self._by_email = {
            member.email.casefold(): member.user_id
            for member in members
            if member.email and mails[member.email.casefold()] == 1
        }

    def user_id(self, person: Person, usernames: Mapping[str, str], default_username: str) -> int | None:
        """Who that is: as the mapping says; else whose e-mail address or name it is; else the default user, if any.

        Two members of the same name or address are nobody's.

        Args:
            person: the external user.
            usernames: the mapping, from external usernames to ours.
            default_username: who all others are; empty: nobody.
        """
        mapped = usernames.get(person.username)
        if mapped is not None:
            return self._by_username.get(mapped.casefold())
        return (
            self._by_email.get(person.email.casefold())
            or self._by_email.get(person.username.casefold())
            or self._by_name.get(person.name.casefold().strip())
            or self._by_name.get(person.username.casefold().strip())
            or self._by_username.get(default_username.casefold())
        )
