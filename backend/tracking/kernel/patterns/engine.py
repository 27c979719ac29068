"""The one place that compiles a pattern, within a bound of memory."""

from typing import Any, NamedTuple

import re2

KB = 1024
MAX_MEMORY = 1024 * KB
MEMORY = (32 * KB, 64 * KB, 128 * KB, 256 * KB, 512 * KB, MAX_MEMORY)
"""What a program may take while it matches: the first of these that is enough."""
BYTES_OF_AN_INSTRUCTION = 160
"""16 of the program's, the rest for the states that RE2 makes of it: with less, it matches slowly."""


class Program(NamedTuple):
    """A compiled pattern."""

    regexp: Any
    memory: int
    """Bytes that it takes at most."""


def compile_program(pattern: str, max_memory: int = MAX_MEMORY) -> Program:
    """The program of a pattern in RE2's syntax. Raises `re2.error`.

    Args:
        pattern: what to compile.
        max_memory: bytes that the program may take while it matches; one of MEMORY.
    """
    for memory in MEMORY:
        try:
            regexp = _compile(pattern, memory)
        except re2.error:
            if memory == max_memory:
                raise
            continue
        if memory == max_memory or regexp.programsize * BYTES_OF_AN_INSTRUCTION <= memory:
            break
    return Program(regexp, memory)


def _compile(pattern: str, memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False  # else RE2 writes to standard error by itself
    try:
        return re2.compile(pattern, options)
    finally:
        re2.purge()  # its cache would keep 128 of them, with all that their matching took
