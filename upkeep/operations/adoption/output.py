"""What a process prints, as the lines of its run's log."""

import codecs
import re
from collections import deque

MAX_LINES = 10_000
"""Lines of a run that are logged as they come; of what follows only the last ones are, at the end."""
MAX_LAST_LINES = 100
MAX_CHARACTERS = 2_000
"""A longer line becomes several."""
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Control sequences of terminals: colours, cursor movements, titles (ECMA-48)."""
ENDS = re.compile(r"\r\n|\n|\r")
"""A progress bar ends each of its states with a carriage return."""


class Output:
    """Turns the bytes of a process into a bounded number of lines of plain text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._number = 0
        self._last: deque[str] = deque(maxlen=MAX_LAST_LINES)
        self.last_line = ""
        """The last line that is not blank: in Python, what a process failed by."""

    def feed(self, data: bytes) -> list[str]:
        """The lines to log that these bytes complete."""
        *lines, self._rest = _split(self._rest + self._decoder.decode(data))
        return self._logged(lines)

    def close(self) -> list[str]:
        """The lines to log at the end, with the last of those that were left out before."""
        *lines, rest = _split(self._rest + self._decoder.decode(b"", final=True))
        logged = self._logged([*lines, rest] if rest else lines)
        left_out = self._number - MAX_LINES - len(self._last)
        if left_out > 0:
            logged.append(f"… {left_out:,} lines are left out …")
        return [*logged, *self._last]

    def _logged(self, lines: list[str]) -> list[str]:
        logged = []
        for line in map(_plain, lines):
            if line.strip():
                self.last_line = line.strip()
                self._number += 1
                if self._number <= MAX_LINES:
                    logged.append(line)
                else:
                    self._last.append(line)
        return logged


def _split(text: str) -> list[str]:
    """The lines of a text, and what has no end yet: at least one carriage return, whose line feed may follow."""
    whole, held = (text[:-1], "\r") if text.endswith("\r") else (text, "")
    *lines, rest = ENDS.split(whole)
    while len(rest) > MAX_CHARACTERS:
        lines, rest = [*lines, rest[:MAX_CHARACTERS]], rest[MAX_CHARACTERS:]
    pieces = [line[at : at + MAX_CHARACTERS] for line in lines for at in range(0, max(1, len(line)), MAX_CHARACTERS)]
    return [*pieces, rest + held]


def _plain(line: str) -> str:
    return ESCAPES.sub("", line).rstrip()
