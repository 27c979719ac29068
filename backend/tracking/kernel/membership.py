"""Users who become members of an organization, in the plan that makes them."""

from collections.abc import Collection, Iterable, Iterator

from upkeep.operations.plans import Change


def joined(changes: Iterable[Change], code: str, members: Collection[str]) -> Iterator[Change]:
    """The plan of the users, in which they become members, too.

    Args:
        changes: one a user, whose key is the username; those that failed stay as they are.
        code: of the organization.
        members: usernames of those who are members already.
    """
    for change in changes:
        if change.action == "failed" or change.key in members:
            yield change
        else:
            action = "updated" if change.action == "unchanged" else change.action
            yield change._replace(action=action, fields={**change.fields, "organization": (None, code)})
