"""Who an external user is among our users."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from unicodedata import normalize

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
        by_username = {folded(member.username): member.user_id for member in members}
        self._all = {folded(username): user_id for username, user_id in others.items()} | by_username
        by_email = _unique((member.email, member.user_id) for member in members)
        by_name = _unique((name, member.user_id) for member in members for name in {*member.names})
        self._members = (by_email, by_username, by_name)

    def user_id(self, person: Person, usernames: Mapping[str, str], default_username: str) -> int | None:
        """Who that is, whatever the case of names: as the mapping says; else a member; else the default user, if any.

        The mapping may name somebody by username, id, e-mail address or name, and the first of these counts. A member
        is known by e-mail address, else by username, else by full name. Two members of the same name or address are
        nobody's. Former names count after those of now.

        Args:
            person: the external user.
            usernames: the mapping, from external usernames to ours.
            default_username: who all others are; empty: nobody.
        """
        words = [each for each in (person.username, person.external_id, person.email, person.name) if each]
        mapped = _mapped([*words, *person.former], usernames)
        if mapped is not None:
            return self._all.get(folded(mapped))
        by_email, by_username, by_name = self._members
        username, email, name = folded(person.username), folded(person.email), folded(person.name)
        return (
            by_email.get(email)
            or by_email.get(username)
            or by_username.get(username)
            or by_username.get(email)
            or by_name.get(name)
            or by_name.get(username)
            or next((found for word in person.former if (found := self._formerly(folded(word)))), None)
            or self._all.get(folded(default_username))
        )

    def _formerly(self, word: str) -> int | None:
        return next((known[word] for known in self._members if word in known), None)


def folded(text: str) -> str:
    """The text as names are compared."""
    return normalize("NFC", text.strip()).casefold()


def distinct(people: Collection[Person]) -> Iterator[Person]:
    """The people of one tracker, in their order, without the names that somebody else there has, too."""
    usernames = Counter(folded(person.username) for person in people)
    names = Counter(folded(person.name) for person in people)
    formerly = Counter(word for person in people for word in {folded(former) for former in person.former})
    for person in people:
        username, name = folded(person.username), folded(person.name)
        others = names[name] - 1 + usernames[name] - (username == name)
        yield replace(
            person,
            username=person.username if usernames[username] == 1 else "",
            name="" if others else person.name,
            former=tuple(
                former
                for former in person.former
                if formerly[folded(former)] == 1
                and usernames[folded(former)] == (folded(former) == username)
                and names[folded(former)] == (folded(former) == name)
            ),
        )


def _mapped(words: Collection[str], usernames: Mapping[str, str]) -> str | None:
    for word in words:
        if word in usernames:
            return usernames[word]
    by_folded = {folded(external): username for external, username in usernames.items()}
    return next((by_folded[folded(word)] for word in words if folded(word) in by_folded), None)


def _unique(named: Iterable[tuple[str, int]]) -> dict[str, int]:
    pairs = [(folded(word), user_id) for word, user_id in named]
    number = Counter(word for word, _ in pairs)
    return {word: user_id for word, user_id in pairs if word and number[word] == 1}
