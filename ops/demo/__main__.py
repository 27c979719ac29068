"""`make demo`: sample data, then real operations through a real worker, on a real PostgreSQL and a real Redis.

All of it in a home of its own, `.upkeep/demo` or the one that is named, made anew each time and open to nothing else.
"""

import sys
import time
from pathlib import Path

import django
from rich.console import Console

from ops.demo import homes
from ops.demo.stage import Stage, StepFailedError
from ops.holding import HeldError, held
from ops.processes import ROOT
from ops.stack import for_home, let_signals_interrupt
from upkeep.embedded.errors import EmbeddedError

HOME = ROOT / ".upkeep" / "demo"
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Show it. Returns the exit code: 0 when every operation ended as it should."""
    home = Path(*arguments).resolve() if arguments else HOME
    console = Console()
    let_signals_interrupt()
    try:
        with held(home.with_name(f"{home.name}.lock")) as life, homes.fresh(home):
            homes.enter(home)
            show(Stage(console, home, life))
    except HeldError as error:
        reason, code = f"another demo is running here (process {error.pid}): wait for it, or end it", 1
    except (StepFailedError, homes.HomeError, EmbeddedError) as error:
        reason, code = str(error), 1
    except OSError as error:
        reason, code = f"{error.filename or home}: {error.strerror or error}: this user must be able to write there", 1
    except KeyboardInterrupt:
        reason, code = "interrupted; everything that was started is stopped", INTERRUPTED
    else:
        console.print(f"\n  {for_home(home)}make up", highlight=False, markup=False, soft_wrap=True)
        return 0
    sys.stdout.flush()
    print(f"The demo ends here: {reason}", file=sys.stderr)
    return code


def show(stage: Stage) -> None:
    """The story, and what is to be seen of it in the database. Raises StepFailedError."""
    started = time.monotonic()
    django.setup()
    from ops.demo import story, tables  # noqa: PLC0415 - they want Django to be set up

    stage.console.rule("Upkeep: one declaration, every way to run it")
    story.tell(stage)
    tables.show_hours(stage.console)
    tables.show_runs(stage.console)
    took = time.monotonic() - started
    stage.console.print(f"""
Done in {took:.0f} s; everything that was started is stopped. What was made stays
until the next demo. The admin, Flower, a worker and Beat on it:""", highlight=False)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
