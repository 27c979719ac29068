"""What people note of their work: mostly the task's code first, and sometimes anything else."""

from collections.abc import Callable
from random import Random

from backend.tracking.kernel.demo import words
from backend.tracking.kernel.demo.backlog import Ticket
from backend.tracking.kernel.demo.texts import Weighted, picked

ACTIVITIES = ("Development", "Development", "Development", "Review", "Testing", "Documentation")
MISTYPED = 900_000
"""Beyond the code of any task."""
Texts = tuple[str, str, str]
"""An entry's activity, its text, and the task that it names itself."""


def texts(chance: Random, ticket: Ticket | None) -> Texts:
    """Those of an entry for this task; without one, there was something else to do."""
    return OF_TASK.drawn(chance)(chance, ticket) if ticket else OTHER.drawn(chance)(chance)


def _meeting(chance: Random) -> Texts:
    return "Meetings", picked(chance, words.MEETINGS), ""


def _management(chance: Random) -> Texts:
    return "Project management", picked(chance, words.MANAGEMENT), ""


def _small_thing(chance: Random) -> Texts:
    return picked(chance, ("Support", "Development")), picked(chance, words.SMALL_THINGS), ""


def _aside(chance: Random, _ticket: Ticket) -> Texts:
    return OTHER.drawn(chance)(chance)


def _with_title(chance: Random, ticket: Ticket) -> Texts:
    return picked(chance, ACTIVITIES), f"{ticket.code} {ticket.title}", ""


def _with_note(chance: Random, ticket: Ticket) -> Texts:
    return picked(chance, ACTIVITIES), f"{ticket.code}: {picked(chance, words.NOTES)}", ""


def _by_tracker(chance: Random, ticket: Ticket) -> Texts:
    return picked(chance, ACTIVITIES), picked(chance, words.NOTES), ticket.external_id


def _without_code(chance: Random, ticket: Ticket) -> Texts:
    return picked(chance, ACTIVITIES), ticket.title, ""


def _mistyped(chance: Random, ticket: Ticket) -> Texts:
    return picked(chance, ACTIVITIES), f"#{MISTYPED + ticket.number} {picked(chance, words.NOTES)}", ""


def _empty(chance: Random, _ticket: Ticket) -> Texts:
    return picked(chance, ACTIVITIES), "", ""


OTHER: Weighted[Callable[[Random], Texts]] = Weighted([(12, _meeting), (4, _management), (12, _small_thing)])
OF_TASK: Weighted[Callable[[Random, Ticket], Texts]] = Weighted(
    [
        (32, _with_title),
        (28, _with_note),
        (28, _aside),
        (6, _by_tracker),
        (3, _without_code),
        (2, _mistyped),
        (1, _empty),
    ]
)
