"""Primary keys that are made, not drawn: UUIDs of version 7 (RFC 9562, section 5.7) that say when and which."""

from uuid import UUID

from backend.tracking.kernel.demo.options import LOW_BITS, TAIL_BITS, Options

VERSION_AND_VARIANT = 7 << 76 | 2 << 62
LOW = (1 << LOW_BITS) - 1


class Keys:
    """The keys of one kind of thing in one demo organization; later things have greater ones."""

    def __init__(self, options: Options, kind: str) -> None:
        self._fixed = VERSION_AND_VARIANT | options.tail(kind)

    def key(self, seconds: float, number: int) -> UUID:
        """That of thing `number`, at that time.

        Args:
            seconds: since 1970; the key holds milliseconds.
            number: of the thing among those of its kind, below 2³⁰.
        """
        moment = int(seconds * 1000) << 80
        return UUID(int=self._fixed | moment | number >> LOW_BITS << 64 | (number & LOW) << TAIL_BITS)
