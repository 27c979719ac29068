"""What can go wrong with an embedded server. Each message is one line for a person and holds no secret.

EmbeddedError
├── WheelMissingError
├── NotPermittedError
└── ServerFailedError
"""


class EmbeddedError(Exception):
    """An embedded server cannot be used."""


class WheelMissingError(EmbeddedError):
    """The pip wheel that brings the server's program is not installed."""


class NotPermittedError(EmbeddedError):
    """The machine, or a folder's owner or mode, does not permit it."""


class ServerFailedError(EmbeddedError):
    """The server did not start, did not answer or did not stop."""
