"""What a run looks like in a terminal."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from upkeep.operations.execution.writer import STOPPED
from upkeep.operations.outcome import Outcome
from upkeep.operations.plans import ACTIONS, Change
from upkeep.operations.states import Status
from upkeep.operations.storable import storable_json
from upkeep.operations.terminal.escaping import plain
from upkeep.operations.unusual import described as described_figures

if TYPE_CHECKING:
    from upkeep.operations.terminal.bars import StepBars

MAX_VALUE = 60


class ConsoleProgress:
    """A line for each step on a terminal, and if wanted a line for each item and field.

    Args:
        write: where lines go.
        bars: whether stderr is a terminal that shows how far the steps are.
        shared: whether `write` ends on that terminal, too.
        beside_errors: whether `write` ends where errors do.
        verbose: whether each item has a line.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        bars: bool = False,
        shared: bool = False,
        beside_errors: bool = False,
        verbose: bool = False,
    ) -> None:
        self._write = write
        self._shared = shared
        self._beside_errors = beside_errors
        self._verbose = verbose
        self._wants_bars = bars
        self._bars: StepBars | None = None
        self.seen: set[str] = set()
        """The lines of the log that stand where errors do."""

    def __enter__(self) -> Self:
        if self._wants_bars:
            from upkeep.operations.terminal.bars import StepBars  # noqa: PLC0415 - see there

            self._bars = StepBars().__enter__()
            if self._shared:
                self._write = self._bars.write_above
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.__exit__(kind, error, trace)

    def advanced(self, step: str, processed: int, total: int | None) -> None:
        """Show how far the step is."""
        if self._bars:
            self._bars.advance(step, processed, total)

    def changed(self, changes: Sequence[Change]) -> None:
        """Write a line for each item that is not unchanged. A step that failed is in the log already."""
        if self._verbose:
            for change in changes:
                if change.action != "unchanged" and change.reason not in STOPPED:
                    self._write(described(change))

    def logged(self, message: str) -> None:
        """Write the line."""
        self._write(plain(message))
        if self._beside_errors:
            self.seen.add(message)


def described(change: Change) -> str:
    """A change in one line, with a further line a field when there are several. Texts are quoted: blanks show."""
    reason = f" ({change.reason})" if change.reason else ""
    head = plain(f"{change.action} {change.label}{reason}")
    fields = [plain(f"{name}: {_short(before)} → {_short(after)}") for name, (before, after) in change.fields.items()]
    if len(fields) <= 1:
        return ": ".join([head, *fields])
    return "\n".join([head, *(f"    {line}" for line in fields)])


def summary(outcome: Outcome) -> list[str]:
    """An ended run in a few lines: how it ended, the counts with their reasons, the operation's own report."""
    dry = " (dry run: nothing was changed)" if outcome.dry_run else ""
    seconds = f" in {outcome.seconds:.1f} s" if outcome.seconds is not None else ""
    marked = f", {text}" if (text := described_figures(outcome.unusual)) else ""
    lines = [f"{outcome.operation} {outcome.status}{seconds}{_but(outcome)}{dry}{marked}"]
    counts_items = "exit_code" not in outcome.result  # an adopted command does not
    if outcome.counts["processed"] or (counts_items and outcome.status is Status.SUCCEEDED):
        counts = [f"{outcome.counts[action]:,} {action}" for action in ACTIONS if outcome.counts[action]]
        lines.append(f"  {outcome.counts['processed']:,} processed" + (": " + ", ".join(counts) if counts else ""))
    for kind, reasons in outcome.reasons.items():
        most_first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        lines.append(f"  {kind}: " + ", ".join(f"{reason} {number:,}" for reason, number in most_first))
    return [plain(line) for line in [*lines, *(f"  {line}" for line in outcome.report)]]


def _but(outcome: Outcome) -> str:
    """What keeps a run that succeeded from being a success."""
    failed, processed = outcome.counts["failed"], outcome.counts["processed"]
    if outcome.status is not Status.SUCCEEDED or not failed:
        return ""
    if failed < processed:
        return f", but {failed:,} of {processed:,} items failed"
    return f", but all {processed:,} items failed" if processed > 1 else ", but its only item failed"


def _short(value: object) -> str:
    """The value as it is recorded, so that a dry run shows what `show_run` then does."""
    value = storable_json(value)
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


class Patience:
    """Tells when to look again at something that takes long: soon at first, then once a `most`."""

    def __init__(self, most: float) -> None:
        self._next = min(0.05, most)
        self._most = most

    def wait(self) -> None:
        """Sleep until then."""
        time.sleep(self._next)
        self._next = min(self._most, self._next * 1.5)
