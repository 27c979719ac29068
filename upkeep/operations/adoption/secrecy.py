"""Names of values that are not to be recorded."""

from itertools import pairwise

WORDS = frozenset({"apikey", "credential", "credentials", "passphrase", "passwd", "password", "secret", "token"})
PAIRS = frozenset({("access", "key"), ("api", "key"), ("private", "key")})


def is_secret(name: str) -> bool:
    """Whether a parameter of this name, words joined by `_`, looks like a password, a token or a key."""
    words = name.lower().split("_")
    return not WORDS.isdisjoint(words) or not PAIRS.isdisjoint(pairwise(words))
