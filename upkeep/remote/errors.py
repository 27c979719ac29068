"""What can go wrong with another system.

    RemoteError
    ├── RemoteUnavailableError    try later: no connection, too slow, overloaded, a maintenance page
    ├── RemoteRejectedError       pointless to repeat: credentials refused, or a request it will never accept
    │   └── RemoteGoneError       what was asked for was there, and is no more (410)
    └── RemoteResponseError       it answered, and the answer is not understood

"Nothing found" is not among them: it is a value (`None`). Every message is one line for a person, names the system, and
holds no secret, no query and nothing of an answer's body.
"""

GIVE_UP_AFTER = 10
"""Requests in a row, each after all its attempts, that found the service unavailable: more would find it so, too."""


class RemoteError(Exception):
    """Asking another system failed."""


class RemoteUnavailableError(RemoteError):
    """The system could not be asked; later it may answer."""


class RemoteRejectedError(RemoteError):
    """The system refuses, and will refuse again until somebody changes the settings or the data."""


class RemoteGoneError(RemoteRejectedError):
    """The system says that what was asked for was deleted: 410, RFC 9110, 15.5.11."""


class RemoteResponseError(RemoteError):
    """The system answered something that does not follow its contract."""
